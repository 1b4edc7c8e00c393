/** Dynamic signs all its tokens with one key: which is a session's, and which came of a step-up. */
import { thumbprintIn } from './binding.js';
import { stepUp, type Demand } from './demand.js';
import type { Incoming } from './incoming.js';
import { Refused } from './refusal.js';
import type { TokenService } from './service.js';
import { bad, checkToken, scopesOf, type CheckedToken, type TokenWorld } from './token.js';
import type { Claims } from './types.js';

/** Dynamic: what every session's token holds, and what one holds whose second factor is still due. */
const BASIC = 'user:basic';
const UNFINISHED = 'requiresAdditionalAuth';

/** An elevated token is no session, and one whose second factor is due is none yet. Throws Refused `invalid_token`. */
export function checkKind(claims: Claims, { dynamic }: TokenService): void {
  if (!dynamic) return;
  const scopes = scopesOf(claims);
  if (scopes.includes(UNFINISHED)) throw bad('the second factor of the session is still due');
  if (!scopes.includes(BASIC)) throw bad('it is no token of a session');
}

/** Dynamic: the second token, which counts only beside the first of the same user and session. One that is over is as good as none. */
export async function elevatedOf(
  { header }: Incoming,
  demand: Demand,
  { access, world }: { access: CheckedToken; world: TokenWorld },
): Promise<CheckedToken | undefined> {
  const { dynamic } = world.service;
  const sent = dynamic && header(dynamic.elevatedHeader);
  if (sent?.several) throw new Refused('invalid_request', 'there is more than one elevated token');
  if (sent === undefined || sent.text === '') return undefined;
  const elevated = await checkToken(sent.text, world);
  const { sub, sid } = elevated.claims;
  if (sub !== access.claims['sub'] || sid !== access.claims['sid'])
    throw bad('the elevated token is of another session');
  const scopes = scopesOf(elevated.claims);
  // A session's own token is made anew by every refresh: it says nothing of a step-up, and is as good as none.
  if (scopes.length === 0 || scopes.includes(BASIC) || scopes.includes(UNFINISHED)) return undefined;
  if (elevated.claims['cnf'] !== undefined) {
    const jkt = thumbprintIn(elevated.claims);
    if (jkt === undefined || jkt !== thumbprintIn(access.claims)) throw bad('the elevated token is of another key');
  }
  if (!elevated.isOver) return elevated;
  if (demand.scopes.every((scope) => scopesOf(access.claims).includes(scope))) return undefined;
  throw stepUp(demand, 'the elevated token has expired');
}
