import type { Command } from 'commander';
import { RefusedError, UsageError } from '../../errors.js';
import { apiCallOf, joined, type CallFlags } from '../api-call.js';
import { addApiFlags, createApiClient, demandInWords, type ApiFlags } from '../api-client.js';
import { bodyDocument, checkOutput, headerDocument, writeAnswer, type OutputFlags } from '../api-output.js';
import { collect } from '../collect.js';
import type { Context } from '../context.js';
import { addStepUpFlags, stepUpSource } from '../elevate.js';
import { callService } from '../service-call.js';
import type { ResolvedTarget } from '../../target/target.js';
import type { ApiRequest, ApiResponse } from '../../resource/call.js';
import type { Handle } from '../tree.js';

export interface Options extends CallFlags, ApiFlags, OutputFlags {
  /** A whole address; at Dynamic also a path under the environment. */
  url: string;
  scope?: string[] | undefined;
  location?: boolean | undefined;
  fail?: boolean | undefined;
}

/** So many redirects curl follows. */
const REDIRECTS = 50;

export function define(command: Command, handle: Handle): void {
  command
    .argument('<url>', 'the address of your API; at Dynamic also a path of its own API, as /users')
    .option('-X, --request <method>', 'the method (GET; POST with --data)')
    .option('-d, --data <body>', 'the body; @FILE reads a file, - standard input; texts are joined by &', joined)
    .option('-H, --header <header>', 'one more header, as "Name: value"; may be repeated', collect)
    .option('--scope <scope>', 'a scope whose token goes along, and to step up for; may be repeated', collect)
    .option('-i, --include', 'print status and headers before the body')
    .option('-o, --output <file>', 'write the body into a file; - is standard output')
    .option('-f, --fail', 'print no body and end with 3 when the API answers 400 or above')
    .option('-L, --location', 'follow redirects, as long as they stay within the origin');
  addStepUpFlags(addApiFlags(command))
    .addHelpText(
      'after',
      `
The call goes as the user who is logged in: with the token of --scope where one is held, else with the session's own. When
the API answers 401 insufficient_user_authentication or 403 insufficient_scope, you step up and the call is made once more;
for a scope that only the API has named you are asked first. A token for a single use is spent by the call.

A token goes to no other origin than those that you allow. A body that is JSON is sent as application/json, every other as
curl sends it; -H 'Content-Type: …' says otherwise.

Status 0 whatever the API answers, as with curl; with --fail 3 for 400 and above. 5: a step-up is wanted and nobody can be
asked. 6: the API cannot be reached. Calls of Dynamic's own API (a path, or an address of it) do not step up, and end with 3
when they are refused.

Examples:
  $ stepup fetch https://api.example.com/me --allow-origin https://api.example.com
  $ stepup fetch https://api.example.com/report -o report.pdf --fail --scope report:read --code-command ./read-code.sh
  $ stepup fetch /waas/WALLET_ID/privateKey/export -X POST -d '{}'
`,
    )
    .action(handle((context, url: string, flags: Omit<Options, 'url'>) => run(context, { ...flags, url })));
}

/**
 * Calls the developer's API, or Dynamic's own. Throws UsageError (URL_INVALID, FLAG_INVALID, FLAG_CONFLICT, SCOPE_INVALID,
 * ORIGIN_NOT_ALLOWED, ORIGIN_INVALID, FILE_UNREADABLE), FailedError FILE_UNWRITABLE, SessionError, RefusedError (REFUSED with `--fail`,
 * and what a step-up throws), InputNeededError, UnreachableError, InterruptedError.
 */
export async function run(context: Context, options: Options): Promise<void> {
  const target = await context.target();
  if (isOfService(target, options.url)) return callOwn(context, options);
  const request = await requestOf(context, options);
  await checkOutput(options.output);
  const source = stepUpSource(context, options);
  try {
    const provider = await context.provider();
    const { scopes } = request;
    const client = createApiClient(context, { provider, scopes, source, flags: options, limited: true });
    await show(context, await client.call(request), options);
  } finally {
    source.codes.close();
  }
}

/** Whether an address is of Dynamic's own API: a path, or anything at its origin, where no other API can be. */
function isOfService(target: ResolvedTarget, url: string): boolean {
  if (target.provider !== 'dynamic') return false;
  if (!/^[a-z][a-z0-9+.-]*:/i.test(url)) return true;
  return URL.canParse(url) && new URL(url).origin === new URL(target.apiUrl).origin;
}

/** Flags of calls to the developer's API, which mean nothing at the service's own. */
const ONLY_API: readonly (keyof Options)[] = [
  'output',
  'location',
  'allowOrigin',
  'elevatedHeader',
  'insecure',
  'code',
  'codeCommand',
  'method',
];

async function callOwn(context: Context, options: Options): Promise<void> {
  const { url, request: method, data, header, scope = [], include } = options;
  const other = ONLY_API.find((name) => options[name] !== undefined);
  if (other !== undefined || scope.length > 1) {
    const flag =
      other === undefined ? '--scope, twice,' : `--${other.replace(/[A-Z]/g, (each) => `-${each.toLowerCase()}`)}`;
    throw new UsageError('FLAG_CONFLICT', `${flag} does not go with a call of Dynamic's own API.`, {
      field: flag.split(',', 1)[0],
    });
  }
  await callService(context, { url, method, data, header, scope: scope[0], include });
}

async function requestOf(context: Context, options: Options): Promise<ApiRequest> {
  const { scope = [], location } = options;
  const call = await apiCallOf(context, options.url, options);
  // What comes is passed on as it is: nobody has to unpack it.
  if (!call.headers.has('accept-encoding')) call.headers.set('accept-encoding', 'identity');
  return { ...call, scopes: [...new Set(scope)], redirects: location ? REDIRECTS : 0 };
}

async function show(context: Context, answer: ApiResponse, options: Options): Promise<void> {
  const { terminal } = context;
  const { status, demand, steppedUp, leadsTo, scopes } = answer;
  const failed = options.fail === true && status >= 400;
  if (terminal.json) {
    const document = await bodyDocument(answer, options);
    terminal.result({ status, headers: headerDocument(answer.headers), ...document, scopes, steppedUp }, () => '');
  } else if (failed) await answer.discard();
  else await writeAnswer(context, answer, options);
  const words = demandInWords(demand, steppedUp);
  if (words !== undefined) terminal.warn(words);
  else if (status === 403) terminal.note(refusedWithoutReason(options.scope ?? [], scopes));
  if (leadsTo !== undefined) terminal.warn(`The answer leads to another origin, which was not called: ${leadsTo}`);
  if (failed) {
    throw new RefusedError('REFUSED', `The API answered ${status}.`, { status, hint: words });
  }
}

function refusedWithoutReason(named: string[], sent: string[]): string {
  const missing = named.filter((scope) => !sent.includes(scope));
  const why = 'The API refused (403) and does not say in WWW-Authenticate what it wants.';
  return missing.length > 0 ? `${why} Step up before with: stepup request ${missing.join(' ')}` : why;
}
