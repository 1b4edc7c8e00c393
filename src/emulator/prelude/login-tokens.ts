/** Prelude: the login token (`session-start`) in which every login ends; `/login/finalize` turns it into a session. */
import { createHash } from 'node:crypto';
import { age, keyOf } from '../tenant-place.js';
import { newUuid } from '../randomness.js';
import { FrontendError } from './errors.js';
import type { Place } from './parts.js';
import { newId } from './randomness.js';
import { ago } from '../shown.js';
import type { User } from './users.js';

/** A login that was proved: by whom, and what its configuration attaches to the session. */
export interface ProvedLogin {
  user: User;
  codeChallenge: string | null;
  grantedScopes: string[];
}

/** What stands behind a login token. `expiresAt` in milliseconds on the age clock. */
interface LoginRecord {
  userId: string;
  jti: string;
  codeChallenge: string | null;
  grantedScopes: string[];
  expiresAt: number;
  spent: boolean;
}

const LOGIN_TOKEN_SECONDS = 600;
const KEPT_MS = 86_400_000;

/** Prelude: the `session-start` challenge token that ends in `/login/finalize`. */
export async function issueLoginToken(place: Place, login: ProvedLogin): Promise<string> {
  const { services, tenant, tokens } = place;
  const id = newId('chl', services.randomBytes);
  const jti = newUuid(services.randomBytes);
  const { codeChallenge, grantedScopes } = login;
  const expiresAt = age(place) + LOGIN_TOKEN_SECONDS * 1000;
  const record: LoginRecord = { userId: login.user.id, jti, codeChallenge, grantedScopes, expiresAt, spent: false };
  await services.state.put(keyOf(place, 'prelude-login', id), record, { expiresAt: expiresAt + KEPT_MS });
  const iat = Math.floor(services.clock.now() / 1000);
  const claims = {
    challenge_id: id,
    current_step: 'completed',
    scope_requested: '',
    sub: login.user.id,
    steps: [],
    grant_mode: 'session-start',
    ...(codeChallenge === null ? {} : { pkce_challenge: codeChallenge }),
    iat,
    exp: iat + LOGIN_TOKEN_SECONDS,
    jti,
  };
  await services.emit(tenant.id, 'token', { kind: 'login', claims });
  return tokens.signChallenge(claims);
}

/**
 * Spends a login token. Of several at once, one gets the login. Throws FrontendError `invalid_challenge_token`,
 * `expired_challenge_token`, `token_reused`, and `bad_request` when the PKCE verifier is missing.
 */
export async function spendLoginToken(
  place: Place,
  token: string,
  codeVerifier: string | undefined,
): Promise<{ userId: string; grantedScopes: string[] }> {
  const claims = place.tokens.readChallenge(token);
  if (claims?.grant_mode !== 'session-start') throw invalid('a login token of this service', 'another token');
  const key = keyOf(place, 'prelude-login', String(claims.challenge_id));
  const kept = await place.services.state.get<LoginRecord>(key);
  if (!kept) throw invalid('a login of this application', 'an unknown one');
  const { value: login, version } = kept;
  if (login.spent) throw reused();
  if (age(place) >= login.expiresAt) {
    throw new FrontendError(
      'expired_challenge_token',
      `login token: expected an unexpired one, got one that expired ${ago(age(place), login.expiresAt)}`,
    );
  }
  checkVerifier(login.codeChallenge, codeVerifier);
  if (!(await place.services.state.update(key, version, { ...login, spent: true }))) throw reused();
  return { userId: login.userId, grantedScopes: login.grantedScopes };
}

/** RFC 7636 §4.6, method S256. */
function checkVerifier(codeChallenge: string | null, codeVerifier: string | undefined): void {
  if (codeChallenge === null) return;
  if (codeVerifier === undefined)
    throw new FrontendError(
      'bad_request',
      'code_verifier: expected one, as the login began with a challenge, got none',
    );
  const hashed = createHash('sha256').update(codeVerifier).digest('base64url');
  if (hashed !== codeChallenge) throw invalid('code_verifier of the code_challenge', 'another');
}

function invalid(expected: string, got: string): FrontendError {
  return new FrontendError('invalid_challenge_token', `login token: expected ${expected}, got ${got}`);
}

function reused(): FrontendError {
  return new FrontendError('token_reused', 'login token: expected an unspent one, got a spent one');
}
