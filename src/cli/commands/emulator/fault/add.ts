import { Option, type Command } from 'commander';
import { UsageError } from '../../../../errors.js';
import type { Context } from '../../../context.js';
import { parseDuration } from '../../../../durations.js';
import { findEmulatorClient } from '../../../emulator-client.js';
import type { Handle } from '../../../tree.js';
import { actionInWords, faultSchema, matchInWords } from './answers.js';

export interface Options {
  method?: string | undefined;
  path?: string | undefined;
  identity?: string | undefined;
  times?: string | undefined;
  every?: string | undefined;
  status?: string | undefined;
  body?: string | undefined;
  header?: string[] | undefined;
  latency?: string | undefined;
  drop?: string | undefined;
  requireNonce?: boolean | undefined;
  skewDate?: string | undefined;
  truncate?: string | undefined;
  rotateKey?: boolean | undefined;
  hookTimeout?: boolean | undefined;
}

export function define(command: Command, handle: Handle): void {
  command
    .option('--method <method>', 'only requests of this method')
    .option('--path <path>', 'only this path, without query; * stands for any characters')
    .option('--identity <who>', 'only requests about this phone number, address, user or session')
    .option('--times <count>', 'so many times, then it is used up')
    .option('--every <n>', 'only every nth request that fits')
    .option('--status <status>', 'answer with this status, 400 to 599, instead of the service')
    .option('--body <text>', 'with --status: the body, JSON or text')
    .option('--header <line...>', 'with --status: a header of the answer, e.g. "Retry-After: 7"')
    .option('--latency <duration>', 'wait before the request is done, e.g. 500ms')
    .addOption(
      new Option('--drop <when>', 'cut the connection before the work, or after it').choices(['before', 'after']),
    )
    .option('--require-nonce', 'Prelude: demand a nonce in the DPoP proof')
    .option('--skew-date <duration>', 'let the Date header be ahead by this, e.g. 2m; behind with =-2m')
    .option('--truncate <bytes>', 'send so many bytes of the body, then cut the connection')
    .option('--rotate-key', 'sign access tokens with a new key from this request on')
    .option('--hook-timeout', "Prelude: the hook's answer comes too late")
    .addHelpText(
      'after',
      `
Takes exactly one of the things to do. Of several faults that fit a request the oldest happens.

Examples:
  $ stepup emulator fault add --path /v1/session/refresh --times 1 --status 500
  $ stepup emulator fault add --identity +33612345678 --latency 3s
  $ stepup emulator fault add --path '/v1/session/*' --every 3 --require-nonce
  $ stepup emulator fault add --path /v1/session/refresh --drop after --times 1
`,
    )
    .action(handle((context, options: Options) => run(context, options)));
}

/** The flags by the fields of the control API. */
const FLAGS = {
  'match.method': '--method',
  'match.path': '--path',
  'match.identity': '--identity',
  times: '--times',
  everyNth: '--every',
  'do.status': '--status',
  'do.body': '--body',
  'do.headers': '--header',
  'do.latencyMs': '--latency',
  'do.skewDateSeconds': '--skew-date',
  'do.truncate': '--truncate',
};

/**
 * Adds a fault and shows it. Throws UsageError (FLAG_INVALID, FLAG_CONFLICT, EMULATOR_NOT_FOUND, EMULATOR_AMBIGUOUS),
 * UnreachableError.
 */
export async function run(context: Context, options: Options): Promise<void> {
  const { method, path, identity, times, every } = options;
  const fault = {
    match: defined({ method, path, identity }),
    ...defined({ times: count(times, '--times'), everyNth: count(every, '--every') }),
    do: actionOf(options),
  };
  const client = await findEmulatorClient(context);
  const added = await client.call({
    method: 'POST',
    path: '/faults',
    json: fault,
    answer: faultSchema,
    field: FLAGS,
  });
  context.terminal.result(
    { fault: added },
    () => `${added.id}: ${actionInWords(added)}, for ${matchInWords(added)}.`,
    () => added.id,
  );
}

function actionOf(options: Options): Record<string, unknown> {
  const { status, body, header, latency, drop, requireNonce, skewDate, truncate, rotateKey, hookTimeout } = options;
  const given: [flag: string, action: () => Record<string, unknown>, value: unknown][] = [
    ['--status', () => statusOf(options), status],
    ['--latency', () => ({ latencyMs: Math.round(parseDuration(latency ?? '', '--latency') * 1000) }), latency],
    ['--drop', () => ({ drop }), drop],
    ['--require-nonce', () => ({ requireNonce }), requireNonce],
    ['--skew-date', () => ({ skewDateSeconds: Math.round(parseDuration(skewDate ?? '', '--skew-date')) }), skewDate],
    ['--truncate', () => ({ truncate: whole(truncate ?? '', '--truncate') }), truncate],
    ['--rotate-key', () => ({ rotateKey }), rotateKey],
    ['--hook-timeout', () => ({ hookTimeout }), hookTimeout],
  ];
  const chosen = given.filter(([, , value]) => value !== undefined);
  const [first, second] = chosen;
  if (!first) {
    const flags = given.map(([flag]) => flag).join(', ');
    throw new UsageError('FLAG_INVALID', 'Nothing is named that shall go wrong.', { hint: `Name one of ${flags}.` });
  }
  if (second) {
    const [field] = second;
    throw new UsageError('FLAG_CONFLICT', `${first[0]} and ${field} cannot be one fault; add two.`, { field });
  }
  if (status === undefined && (body !== undefined || header !== undefined)) {
    const field = body === undefined ? '--header' : '--body';
    throw new UsageError('FLAG_CONFLICT', `${field} goes with --status only.`, { field });
  }
  return first[1]();
}

function statusOf({ status = '', body, header }: Options): Record<string, unknown> {
  return {
    status: whole(status, '--status'),
    ...defined({ body: body === undefined ? undefined : jsonOr(body) }),
    ...defined({ headers: header && Object.fromEntries(header.map(headerOf)) }),
  };
}

function headerOf(line: string): [name: string, value: string] {
  const [, name, value] = /^([A-Za-z0-9-]+): *(.*)$/.exec(line) ?? [];
  if (name !== undefined && value !== undefined) return [name, value];
  throw new UsageError('FLAG_INVALID', `--header takes a line such as "Retry-After: 7", not "${line}".`, {
    field: '--header',
  });
}

function jsonOr(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text; // a body that is no JSON is sent as it is
  }
}

function count(text: string | undefined, flag: string): number | undefined {
  if (text === undefined) return undefined;
  const number = whole(text, flag);
  if (number > 0) return number;
  throw new UsageError('FLAG_INVALID', `${flag} takes a number from 1, not "${text}".`, { field: flag });
}

function whole(text: string, flag: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new UsageError('FLAG_INVALID', `${flag} takes a whole number, not "${text}".`, { field: flag });
}

function defined(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
