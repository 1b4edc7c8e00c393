/** The client of the developer's API behind the commands that call it: which origins, which scopes, and what the user is told. */
import type { Command } from 'commander';
import { InputNeededError, InterruptedError, StepupError, UsageError } from '../errors.js';
import { showAnswer, showRequest } from '../http/exchange.js';
import { createRedactor } from '../http/redact.js';
import type { ApiCredentials, Provider } from '../providers/provider.js';
import { parseElevatedHeader } from '../resource/authorization.js';
import { createApiCaller, type ApiCaller } from '../resource/call.js';
import type { Demand } from '../resource/demand.js';
import { isHeld, oneAtATime } from '../resource/turns.js';
import type { System } from '../system.js';
import { collect } from './collect.js';
import type { Context } from './context.js';
import { stepUpFor, type StepUpSource } from './elevate.js';
import { ALLOW_FLAG, allowOrigin } from './origins.js';

export interface ApiFlags {
  allowOrigin?: string[] | undefined;
  elevatedHeader?: string | undefined;
  insecure?: boolean | undefined;
}

/** Adds `--allow-origin`, `--elevated-header` and `--insecure` to a command. */
export function addApiFlags(command: Command): Command {
  return command
    .option(`${ALLOW_FLAG} <origin>`, 'an origin that tokens may go to, from now on; may be repeated', collect)
    .option(
      '--elevated-header <name>',
      'Dynamic: the header of the elevated token (default: x-dyn-elevated-access-token)',
    )
    .option('--insecure', 'send tokens over plain http, where everybody on the way can read them');
}

export interface ApiClientOptions {
  provider: Provider;
  /** The scopes that the user has named: it steps up for them without asking. */
  scopes: readonly string[];
  source: StepUpSource;
  flags: ApiFlags;
  /** Whether each wait for the API ends with `--timeout`. */
  limited: boolean;
  /** Told why the user cannot step up; the API's answer stands then. Without it, `call` throws. */
  onFailure?: ((error: StepupError) => void) | undefined;
}

/**
 * Builds the client. It asks before a token goes to a new origin, and before it steps up for a scope that only the API has named: where
 * nobody can be asked, `call` throws UsageError ORIGIN_NOT_ALLOWED and InputNeededError. Throws UsageError FLAG_INVALID.
 */
export function createApiClient(
  context: Context,
  { provider, scopes, source, flags, limited, onFailure }: ApiClientOptions,
): ApiCaller {
  const { system, terminal, timeoutSeconds, globals } = context;
  const { sleep, signal } = system;
  const elevatedHeader = flags.elevatedHeader === undefined ? undefined : parseElevatedHeader(flags.elevatedHeader);

  const inTurn = oneAtATime();
  function elevateInTurn(wanted: string[], sent: ApiCredentials): Promise<boolean> {
    return inTurn(() => elevate(wanted, sent)).catch((error: unknown) => {
      if (!onFailure || !(error instanceof StepupError) || error instanceof InterruptedError) throw error;
      onFailure(error);
      return false;
    });
  }

  async function elevate(wanted: string[], sent: ApiCredentials): Promise<boolean> {
    const unheardOf = wanted.filter((scope) => !isScope(scope));
    if (unheardOf.length > 0) {
      terminal.warn('The API wants a scope that has characters which no scope has; nothing is done about it.');
      return false;
    }
    const others = wanted.filter((scope) => !scopes.includes(scope));
    if (others.length > 0 && !(await agrees(others))) return false;
    if (await isHeld(provider, wanted, sent)) return true;
    terminal.note(`The API wants ${wanted.join(' ')}: stepping up.`);
    try {
      await stepUpFor(context, provider, wanted, source);
      return true;
    } catch (error) {
      // What the user has named is theirs to mend; what the API names is its mistake.
      if (others.length === 0 || !(error instanceof UsageError && error.code === 'SCOPE_INVALID')) throw error;
      terminal.warn(`The API wants what this service has no scope for: ${error.message}`);
      return false;
    }
  }

  const declined = new Set<string>();
  async function agrees(others: string[]): Promise<boolean> {
    const names = others.join(' ');
    if (terminal.interactive) {
      // Whoever has said no is not asked for each call of a command that tries again.
      const yes =
        !declined.has(names) && (await terminal.confirm(`The API wants ${names}. Step up for it?`, '--scope'));
      if (!yes) declined.add(names);
      return yes;
    }
    throw new InputNeededError(
      'INPUT_NEEDED',
      `The API wants ${names}, and there is nobody to ask whether to step up.`,
      {
        field: '--scope',
        hint: `If that is right, name it: ${others.map((scope) => `--scope ${scope}`).join(' ')}`,
      },
    );
  }

  return createApiCaller({
    provider,
    fetch: shown(context, globals.debug === true),
    signal,
    ...(limited ? { limit: { ms: timeoutSeconds * 1000, sleep } } : {}),
    elevatedHeader,
    allows: (origin) => allowOrigin(context, origin, flags.allowOrigin ?? [], { insecure: flags.insecure }),
    elevate: elevateInTurn,
    onSpent: (spent) => terminal.note(`The token for ${spent.join(' ')} was for a single use: it is spent.`),
  });
}

/** What an API's demand means to the user that the call could not meet; undefined for none. */
export function demandInWords(demand: Demand | undefined, steppedUp: boolean): string | undefined {
  switch (demand?.kind) {
    case undefined:
      return undefined;
    case 'nonce':
      return 'The API wants a nonce in a proof of possession, again and again or from a token that is bound to no key.';
    case 'malformed':
      return `The API refused, and ${demand.words}.`;
    case 'scope':
    case 'authentication': {
      if (steppedUp) return 'The API refuses all the same after the step-up.';
      const wanted = demand.scopes.filter(isScope).join(' ');
      if (wanted !== '') return `The API wants ${wanted}.`;
      if (demand.kind === 'scope') return 'The API wants another scope and does not say which. Name it with --scope.';
      return `The API wants a new proof of who you are${classesOf(demand)}; which scope brings it, it does not say. Name one with --scope.`;
    }
  }
}

function classesOf({ acrValues, maxAge }: Extract<Demand, { kind: 'authentication' }>): string {
  const parts = [
    ...(acrValues.length > 0 ? [`of the class ${acrValues.join(' or ')}`] : []),
    ...(maxAge === undefined ? [] : [`not older than ${maxAge} s`]),
  ];
  return parts.length > 0 ? ` (${parts.join(', ')})` : '';
}

/** What may stand in a command that is shown to be typed. */
function isScope(text: string): boolean {
  return /^[\w.:-]{1,128}$/.test(text) && !text.startsWith('-');
}

/** The fetch of the outside world, with its wait shown, and with `--debug` the heads of each exchange. */
export function shown({ system, terminal }: Context, debug: boolean): System['fetch'] {
  const redactor = createRedactor();
  return async (input, init) => {
    const url = input instanceof Request ? input.url : String(input);
    const startedAt = system.now();
    if (debug) terminal.warn(showRequest(init?.method ?? 'GET', url, new Headers(init?.headers), undefined, redactor));
    const work = (): Promise<Response> => system.fetch(input, init);
    try {
      const response = await terminal.progress(`Calling ${new URL(url).host}`, work);
      if (debug) terminal.warn(showAnswer(response, undefined, system.now() - startedAt, redactor));
      return response;
    } catch (error) {
      if (debug) terminal.warn(`< ${error instanceof StepupError ? error.code : 'no answer'}`);
      throw error;
    }
  };
}
