/** What a backend demands of a request beyond a good token: scopes, and how the user has proved who they are. */
import { Refused } from './refusal.js';
import type { Claims, ScopeDemand } from './types.js';

export interface Demand {
  scopes: string[];
  maxAge?: number | undefined;
  acrValues?: readonly string[] | undefined;
  once: boolean;
}

/** RFC 6749 §3.3. */
const WORD = /^[\x21\x23-\x5b\x5d-\x7e]+$/;

/** Reads what a developer demands. Throws TypeError for a scope, an age or a class that is none. */
export function demandOf(scope: string | undefined, { maxAge, acrValues, once = false }: ScopeDemand): Demand {
  if (scope !== undefined && typeof scope !== 'string') throw new TypeError('The scope is no text.');
  const scopes = scope === undefined ? [] : scope.split(' ').filter(Boolean);
  if (scope !== undefined && (scopes.length === 0 || !scopes.every((word) => WORD.test(word)))) {
    throw new TypeError('The scope is none: it is words of ASCII without quotes, with blanks between.');
  }
  if (maxAge !== undefined && !(Number.isSafeInteger(maxAge) && maxAge >= 0)) {
    throw new TypeError('maxAge is no number of seconds.');
  }
  if (acrValues !== undefined && !(acrValues.length > 0 && acrValues.every((word) => WORD.test(word)))) {
    throw new TypeError('acrValues is no list of words.');
  }
  if (once && scopes.length !== 1) throw new TypeError('once is for one scope.');
  return { scopes, maxAge, acrValues, once };
}

/**
 * Checks how and when the user proved who they are (RFC 9470 §3, §5). Throws Refused `insufficient_user_authentication`. `now` and
 * `tolerance` in seconds.
 */
export function checkAuthentication(
  demand: Demand,
  { claims, elevated }: { claims: Claims; elevated?: Claims | undefined },
  { now, tolerance }: { now: number; tolerance: number },
): void {
  const { maxAge, acrValues } = demand;
  const refuse = (reason: string): Refused => authenticateAgain(demand, reason);
  const acr = elevated?.['acr'] ?? claims['acr'];
  if (acrValues && !(typeof acr === 'string' && acrValues.includes(acr))) {
    throw refuse('the user has not proved who they are in a way that is demanded');
  }
  if (maxAge === undefined) return;
  // Dynamic makes an elevated token when the user has proved it, and never again.
  const at = elevated?.['auth_time'] ?? elevated?.['iat'] ?? claims['auth_time'];
  if (typeof at !== 'number') throw refuse('the token does not say when the user has proved who they are');
  if (at > now + tolerance || now - at > maxAge + tolerance) {
    throw refuse('the user has proved who they are too long ago');
  }
}

/** The user must prove who they are once more. */
export function authenticateAgain({ scopes, maxAge, acrValues }: Demand, reason: string): Refused {
  const scope = scopes.length === 0 ? undefined : scopes.join(' ');
  return new Refused('insufficient_user_authentication', reason, { scope, maxAge, acrValues });
}

/** The user must step up. */
export function stepUp({ scopes }: Demand, reason: string): Refused {
  return new Refused('insufficient_scope', reason, { scope: scopes.join(' ') });
}
