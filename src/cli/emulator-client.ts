/** A client of a running emulator's control API, as far as the commands need it. */
import * as v from 'valibot';
import { RefusedError, UnreachableError, UsageError } from '../errors.js';
import type { Message } from '../emulator/emulator.js';
import { listReady } from '../store/emulators.js';
import { serviceUrl } from '../target/addresses.js';
import type { Context } from './context.js';
import { findEmulator, RUNNING } from '../target/emulators.js';
import { printable } from './terminal/printable.js';

/** Which messages; what is absent does not narrow. */
export interface MessageQuery {
  to?: string | undefined;
  purpose?: string | undefined;
  channel?: string | undefined;
  challenge?: string | undefined;
  /** A message's id, or an ISO 8601 instant. */
  after?: string | undefined;
  /** Seconds to wait for a first one. */
  wait?: number | undefined;
}

export interface EmulatorClient {
  /** Messages that fit, oldest first. Throws UsageError FLAG_INVALID for a query that the emulator refuses. */
  messages(query: MessageQuery): Promise<Message[]>;
  /**
   * Any other call: a path under the control URL, with query; the answer's body as the schema's value. Throws UsageError FLAG_INVALID
   * with the emulator's words for what it refuses (its field is `field`), UnreachableError ANSWER_MALFORMED.
   */
  call<S extends v.GenericSchema>(call: ControlCall<S>): Promise<v.InferOutput<S>>;
}

/** A call of the control API. */
export interface ControlCall<S extends v.GenericSchema> {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  path: string;
  json?: unknown;
  answer: S;
  /** It carries a whole state. */
  bulk?: boolean | undefined;
  /** The flag or argument that a refusal is about; or the flags of the fields of `json`, as `{ 'do.status': '--status' }`. */
  field?: string | Readonly<Record<string, string>> | undefined;
}

/** Where a control API is. */
export interface Control {
  controlUrl: string;
  controlToken: string;
}

/** One call is held at most this long, well below the limit of a network wait. Seconds. */
const LONGEST_HOLD = 10;

const messagesSchema = v.object({
  messages: v.array(
    v.object({
      id: v.string(),
      channel: v.picklist(['sms', 'email']),
      to: v.string(),
      code: v.string(),
      purpose: v.picklist(['login', 'step-up', 'register']),
      provider: v.picklist(['prelude', 'dynamic']),
      challengeId: v.nullable(v.string()),
      suppressed: v.boolean(),
      reason: v.optional(v.string()),
      createdAt: v.string(),
    }),
  ),
});
const problemSchema = v.object({ detail: v.string(), field: v.optional(v.string()) });

/**
 * The client of the emulator that `--emulator[=URL]`, else the variables of `emulator exec`, else the only one that runs, means.
 * Throws UsageError EMULATOR_NOT_FOUND, EMULATOR_AMBIGUOUS, URL_INVALID.
 */
export async function findEmulatorClient(context: Context): Promise<EmulatorClient> {
  return emulatorClient(context, await findControl(context), tenantOf(context));
}

/** The tenant that `--tenant` or its variable names; undefined for the default one. */
export function tenantOf({ globals, system }: Pick<Context, 'globals' | 'system'>): string | undefined {
  return globals.tenant ?? (system.env.STEPUP_EMULATOR_TENANT || undefined);
}

/** A name as a segment of a path of the control API. Throws UsageError FLAG_INVALID for one that a path cannot have: empty, dots. */
export function segment(name: string, field: string): string {
  if (!/^\.{0,2}$/.test(name)) return encodeURIComponent(name);
  throw new UsageError('FLAG_INVALID', `${field} takes a name, not "${name}".`, { field });
}

/** What the control API has said of one of its fields, said of the flag or argument that it came from. */
function refusal(
  { detail, field = '' }: v.InferOutput<typeof problemSchema>,
  given: ControlCall<never>['field'],
): UsageError {
  if (given === undefined || typeof given === 'string') {
    return new UsageError('FLAG_INVALID', printable(detail.replace(`"${field}": `, '')), { field: given });
  }
  const [, flag] = Object.entries(given).find(([name]) => `${field}.`.startsWith(`${name}.`)) ?? [];
  if (flag === undefined) return new UsageError('FLAG_INVALID', printable(detail));
  const words = detail.replace(`"${field}": `, '').replace(/\.$/, ` (${field}).`);
  return new UsageError('FLAG_INVALID', printable(words), { field: flag });
}

/** The client of a control API, for a tenant (absent: the default one). Its calls throw RefusedError for a wrong token, UnreachableError. */
export async function emulatorClient(
  { http: makeHttp, timeoutSeconds }: Pick<Context, 'http' | 'timeoutSeconds'>,
  control: Control,
  tenant?: string,
): Promise<EmulatorClient> {
  const http = await makeHttp();

  async function call<S extends v.GenericSchema>(wish: ControlCall<S>): Promise<v.InferOutput<S>> {
    const { method, path, json: body, answer, bulk, field } = wish;
    const url = new URL(`${control.controlUrl}${path}`);
    if (tenant !== undefined) url.searchParams.set('tenant', tenant);
    const { status, json } = await http.send({ method, url: url.href, json: body, bearer: control.controlToken, bulk });
    if (status === 401) {
      throw new RefusedError('REFUSED', 'The emulator refuses the control token.', {
        status,
        hint: 'Set STEPUP_EMULATOR_CONTROL_TOKEN to the one of its ready line.',
      });
    }
    if (status >= 400) {
      const said = v.safeParse(problemSchema, json);
      const problem = said.success ? said.output : { detail: `The emulator answered with status ${status}.` };
      if (problem.field === 'tenant' && tenant !== undefined) {
        throw new UsageError('FLAG_INVALID', printable(problem.detail), {
          field: '--tenant',
          hint: 'See which there are with: stepup emulator tenant list',
        });
      }
      throw refusal(problem, field);
    }
    const parsed = v.safeParse(answer, json);
    if (parsed.success) return parsed.output;
    throw new UnreachableError('ANSWER_MALFORMED', `${control.controlUrl} does not answer as an emulator does.`);
  }

  async function read(query: Record<string, string>): Promise<Message[]> {
    const path = `/messages?${new URLSearchParams(query).toString()}`;
    return (await call({ method: 'GET', path, answer: messagesSchema, field: { after: '--after' } })).messages;
  }

  return {
    call,
    async messages({ wait = 0, ...narrow }) {
      const query: Record<string, string> = {};
      for (const [name, value] of Object.entries(narrow)) if (value !== undefined) query[name] = value;
      const hold = Math.min(LONGEST_HOLD, timeoutSeconds / 2);
      for (let left = wait; ; left -= hold) {
        const now = Math.min(left, hold);
        const messages = await read(now > 0 ? { ...query, wait: String(now) } : query);
        if (messages.length > 0 || left <= hold) return messages;
      }
    },
  };
}

/** Where its control API is. Throws as `findEmulatorClient`. */
export async function findControl({ globals, system, store, http }: Context): Promise<Control> {
  const { env } = system;
  const token = env.STEPUP_EMULATOR_CONTROL_TOKEN || undefined;
  if (globals.emulator === undefined && env.STEPUP_EMULATOR_CONTROL_URL) {
    const controlUrl = serviceUrl(env.STEPUP_EMULATOR_CONTROL_URL, 'STEPUP_EMULATOR_CONTROL_URL');
    const known = (await listReady(store.folder)).find((ready) => ready.controlUrl === controlUrl);
    return withToken(controlUrl, token ?? known?.controlToken);
  }
  const [wanted, field] =
    globals.emulator !== undefined
      ? [globals.emulator, '--emulator']
      : [env.STEPUP_EMULATOR_URL || RUNNING, env.STEPUP_EMULATOR_URL ? 'STEPUP_EMULATOR_URL' : '--emulator'];
  const { url, ready } = await findEmulator(wanted, field, store.folder);
  if (ready) return ready;
  const controlUrl = `${url}/__emulator`;
  // What is wrong with an address where nothing answers is not the token.
  if (token === undefined) await (await http()).send({ method: 'GET', url: `${controlUrl}/health` });
  return withToken(controlUrl, token);
}

function withToken(controlUrl: string, controlToken: string | undefined): Control {
  if (controlToken !== undefined) return { controlUrl, controlToken };
  throw new UsageError(
    'EMULATOR_NOT_FOUND',
    `The control token of the emulator at ${controlUrl} is not known: it was not started under this store.`,
    {
      field: '--emulator',
      hint: 'Set STEPUP_EMULATOR_CONTROL_TOKEN to the controlToken of its ready line.',
    },
  );
}
