/** Calls of Dynamic's own API, as a person types them: the session goes along, and the grant that the service demands there. */
import { RefusedError, UsageError, type StepupError } from '../errors.js';
import { scopeFor } from '../providers/dynamic/elevation.js';
import { refusalError, refusalOf } from '../providers/dynamic/errors.js';
import type { ApiAnswer, ApiCall, DynamicProvider } from '../providers/dynamic/provider.js';
import { parseHeaders, parseJson, parseMethod, parsePath } from './api-request.js';
import type { Context } from './context.js';
import { readInput } from './secrets.js';
import { printableJson } from './terminal/printable.js';

export interface ServiceCallOptions {
  /** A path under the environment, or a whole address. */
  url: string;
  method?: string | undefined;
  /** The body, `@FILE`, or `-`. */
  data?: string | undefined;
  /** Each `Name: value`. */
  header?: string[] | undefined;
  scope?: string | undefined;
  /** Prints status and headers too. */
  include?: boolean | undefined;
}

/**
 * Calls the service's own API with the session and the grants. Throws UsageError (URL_INVALID, FLAG_INVALID, FLAG_CONFLICT, SCOPE_INVALID,
 * DOCUMENT_INVALID, FILE_UNREADABLE), SessionError, RefusedError (REFUSED, ELEVATION_REQUIRED …) after the answer was printed,
 * UnreachableError.
 */
export async function callService(context: Context, options: ServiceCallOptions): Promise<void> {
  const { terminal } = context;
  const call = await callOf(context, options);
  const provider = await context.dynamic();
  const answer = await sayingWhatIsLost(context, provider, () =>
    terminal.progress('Calling the service', () => provider.call(call)),
  );
  const { status, headers, json, elevatedWith, spent } = answer;
  const body = json === undefined ? null : json;
  terminal.result(
    { status, headers: Object.fromEntries(headers), body, elevatedWith },
    () => [...head(answer, options), ...(json === undefined ? [] : [JSON.stringify(json, null, 2)])].join('\n'),
    () => [...head(answer, options), ...(json === undefined ? [] : [printableJson(json)])].join('\n'),
  );
  if (spent) terminal.note(`The grant for ${elevatedWith} was for a single use: it is spent.`);
  const problem = problemOf(await context.http(), call, answer);
  if (problem) throw problem;
}

/** A call whose answer was lost may have spent a grant all the same. */
async function sayingWhatIsLost<T>(
  { terminal }: Context,
  provider: DynamicProvider,
  work: () => Promise<T>,
): Promise<T> {
  const before = await provider.grants();
  try {
    return await work();
  } catch (error) {
    const after = await provider.grants();
    const lost = before.find(({ singleUse, token }) => singleUse && !after.some((grant) => grant.token === token));
    if (lost) terminal.warn(`The grant for ${lost.scopes.join(' ')} went along, was for a single use, and is gone.`);
    throw error;
  }
}

async function callOf(context: Context, { url, method, data, header, scope }: ServiceCallOptions): Promise<ApiCall> {
  const target = await context.target();
  if (target.provider !== 'dynamic') throw new TypeError('only Dynamic has calls of its own');
  const path = parsePath(url, `${target.apiUrl}/sdk/${target.environmentId}`);
  const headers = parseHeaders(header ?? []);
  const verb = parseMethod(method ?? (data === undefined ? 'GET' : 'POST'));
  if (data === undefined) return { method: verb, path, headers, scope };
  if (verb === 'GET') {
    throw new UsageError('FLAG_CONFLICT', '--data does not go with --request GET, which has no body.', {
      field: '--data',
    });
  }
  return { method: verb, path, headers, scope, json: parseJson(await bodyText(context, data)) };
}

/** As curl takes it: the text itself, `@FILE`, `@-`, and `-` for the latter. */
async function bodyText({ system }: Context, data: string): Promise<string> {
  if (data === '-') return readInput(system, '-', '--data');
  return data.startsWith('@') ? readInput(system, data.slice(1), '--data') : data;
}

function head({ status, headers }: ApiAnswer, { include }: ServiceCallOptions): string[] {
  return include ? [`HTTP ${status}`, ...[...headers].map(([name, value]) => `${name}: ${value}`), ''] : [];
}

/** What the answer means for the command's end; undefined for a success. */
function problemOf(
  http: { redact(text: string): string },
  { method, path, scope }: ApiCall,
  answer: ApiAnswer,
): StepupError | undefined {
  const refusal = refusalOf(answer, (text) => http.redact(text));
  if (!refusal) return undefined;
  const demanded = scope ?? scopeFor(method, path);
  const saysSo =
    refusal.code?.startsWith('elevated_access_token') || /elevated access token/i.test(refusal.message ?? '');
  if (demanded !== undefined || !saysSo) {
    return refusalError(refusal, {
      scopes: demanded === undefined ? undefined : [demanded],
      gated: demanded !== undefined,
    });
  }
  const { status, code, requestId } = refusal;
  return new RefusedError(
    'ELEVATION_REQUIRED',
    'This needs an elevated token; for which scope, the service does not say.',
    {
      status,
      serviceCode: code,
      requestId,
      hint: 'See the scopes with stepup scope list, then: stepup request SCOPE',
    },
  );
}
