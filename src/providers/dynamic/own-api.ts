/** Calls of the service's own API that a person names themselves. */
import { UsageError } from '../../errors.js';
import type { Api } from './api.js';
import { scopeFor, type Elevation } from './elevation.js';
import { parseScope } from './input.js';
import type { ApiAnswer, ApiCall } from './provider.js';
import type { Keeper } from './session.js';

/**
 * Makes one call as the user who is logged in. The grant for its scope goes along where one is held; whatever the service answers comes
 * back. Throws UsageError URL_INVALID for an address that is not of this environment's API.
 */
export async function callOwnApi(
  { api, keeper, elevation }: { api: Api; keeper: Keeper; elevation: Elevation },
  { method, path, json, headers, scope }: ApiCall,
): Promise<ApiAnswer> {
  const under = pathUnder(api, path);
  const wanted = scope === undefined ? scopeFor(method, under) : parseScope(scope, '--scope');
  const call = { method, path: under, json, headers };
  const { answer, with: grant } =
    wanted === undefined ? { answer: await keeper.call(call), with: undefined } : await elevation.attach(wanted, call);
  return {
    status: answer.status,
    headers: answer.headers,
    json: answer.json,
    elevatedWith: grant && wanted,
    spent: grant !== undefined && grant.singleUse && answer.refusal === undefined,
  };
}

/** The path under the environment. A token goes nowhere else. */
function pathUnder({ base }: Api, text: string): string {
  const whole = new URL(base);
  const bare = text.startsWith(`${whole.pathname}/`) ? whole.origin + text : text.startsWith('/') ? base + text : text;
  const url = URL.canParse(bare) ? new URL(bare) : undefined;
  const under = url && url.origin === whole.origin && url.pathname.startsWith(`${whole.pathname}/`);
  if (url && under && !url.username && !url.password) return url.pathname.slice(whole.pathname.length) + url.search;
  throw new UsageError('URL_INVALID', `This is no address of the environment's API: ${text}`, {
    field: 'url',
    hint: `A path such as /users, or an address that begins with ${base}/`,
  });
}
