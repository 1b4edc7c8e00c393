/** Login by OAuth at a provider of the emulator's own, which asks nothing and believes every hint. */
import { age, keyOf } from '../tenant-place.js';
import { newUuid } from '../randomness.js';
import { linkAccount, linkedUser, type OAuthAccount } from './oauth-accounts.js';
import { requireOAuthConfig, type OAuthProvider } from './oauth-config.js';
import { FrontendError } from './errors.js';
import { issueLoginToken } from './login-tokens.js';
import type { Place } from './parts.js';
import { digest, newId, newSecret } from './randomness.js';
import type { User } from './users.js';
import { ago } from '../shown.js';
import { canonicalIdentifier } from './wire.js';

/** An authorization under way, under the digest of its state. */
interface Authorization {
  provider: OAuthProvider;
  redirectUri: string;
  codeChallenge: string;
}

/** A login that waits for its address to be confirmed. `expiresAt` in milliseconds on the age clock. */
interface LinkRecord extends OAuthAccount {
  codeChallenge: string;
  grantedScopes: string[];
  expiresAt: number;
  spent: boolean;
}

/** Whom the provider names when no hint says whom. */
const DEMO_EMAIL = 'demo@example.com';
const LIFETIME_SECONDS = 600;
const KEPT_MS = 86_400_000;
const LINK = 'prelude-oauth-link';

/** Starts an authorization; returns the `state` that goes with the browser. */
export async function startAuthorization(place: Place, authorization: Authorization): Promise<string> {
  const state = newSecret(place.services.randomBytes);
  const expiresAt = age(place) + LIFETIME_SECONDS * 1000;
  await place.services.state.put(keyOf(place, 'prelude-oauth', digest(state)), authorization, { expiresAt });
  return state;
}

/** What the provider is told by the address that the browser opened. */
export interface ProviderQuery {
  state: string;
  /** The account's email address. */
  loginHint?: string | undefined;
  /** The user says no: this goes back as the error. */
  error?: string | undefined;
}

/**
 * The provider's answer: where the browser goes next, with `challenge_token` or with `error`. Each state is good once. Throws
 * FrontendError `bad_request` for an unknown one, since there is nowhere to go then.
 */
export async function answerAuthorization(place: Place, name: string, query: ProviderQuery): Promise<string> {
  const key = keyOf(place, 'prelude-oauth', digest(query.state));
  const started = await place.services.state.takeOnce<Authorization>(key);
  if (started?.provider !== name) throw new FrontendError('bad_request', 'state: expected one under way, got another');
  const back = new URL(started.redirectUri);
  const outcome = await outcomeOf(place, started, query);
  back.searchParams.set(...outcome);
  return back.href;
}

async function outcomeOf(
  place: Place,
  { provider, codeChallenge }: Authorization,
  { loginHint, error }: ProviderQuery,
): Promise<['challenge_token' | 'error', string]> {
  if (error !== undefined) return ['error', /^[a-z_]{1,40}$/.test(error) ? error : 'access_denied'];
  const email = loginHint ?? DEMO_EMAIL;
  if (canonicalIdentifier({ type: 'email_address', value: email }) === undefined) return ['error', 'invalid_request'];
  try {
    const { config } = await requireOAuthConfig(place, provider);
    const account = { provider, email };
    const { granted_scopes: grantedScopes } = config;
    const known = await linkedUser(place, account);
    if (!known && config.options.verify_email) {
      return ['challenge_token', await issueLinkToken(place, { ...account, codeChallenge, grantedScopes })];
    }
    const user = known ?? (await linkAccount(place, account, config));
    return ['challenge_token', await issueLoginToken(place, { user, codeChallenge, grantedScopes })];
  } catch (refusal) {
    if (refusal instanceof FrontendError) return ['error', refusal.code];
    throw refusal;
  }
}

/** Prelude: the `oauth-email-link` challenge token, whose `metadata.oauth_email` a code has to confirm. */
async function issueLinkToken(
  place: Place,
  link: OAuthAccount & Pick<LinkRecord, 'codeChallenge' | 'grantedScopes'>,
): Promise<string> {
  const { services, tenant, tokens } = place;
  const id = newId('chl', services.randomBytes);
  const expiresAt = age(place) + LIFETIME_SECONDS * 1000;
  const record: LinkRecord = { ...link, expiresAt, spent: false };
  await services.state.put(keyOf(place, LINK, id), record, { expiresAt: expiresAt + KEPT_MS });
  const iat = Math.floor(services.clock.now() / 1000);
  const claims = {
    challenge_id: id,
    current_step: 'verify_email',
    scope_requested: '',
    steps: [{ order: 1, key: 'verify_email', done: false, expiration_duration: LIFETIME_SECONDS }],
    metadata: { oauth_email: link.email },
    grant_mode: 'oauth-email-link',
    pkce_challenge: link.codeChallenge,
    iat,
    exp: iat + LIFETIME_SECONDS,
    jti: newUuid(services.randomBytes),
  };
  await services.emit(tenant.id, 'token', { kind: 'oauth-email-link', claims });
  return tokens.signChallenge(claims);
}

/** The account that a link token is about; undefined for every other token. Throws FrontendError when the link is over. */
export async function presentLink(place: Place, token: string): Promise<{ id: string; link: LinkRecord } | undefined> {
  const claims = place.tokens.readChallenge(token);
  if (claims?.grant_mode !== 'oauth-email-link') return undefined;
  const id = String(claims.challenge_id);
  const kept = await place.services.state.get<LinkRecord>(keyOf(place, LINK, id));
  if (!kept) throw refuse('invalid_challenge_token', 'a login of this application, got an unknown one');
  if (kept.value.spent) throw refuse('token_reused', 'an unspent one, got a spent one');
  if (age(place) >= kept.value.expiresAt)
    throw refuse(
      'expired_challenge_token',
      `an unexpired one, got one that expired ${ago(age(place), kept.value.expiresAt)}`,
    );
  return { id, link: kept.value };
}

/**
 * Links the account, whose address was confirmed, and returns its user. Of several at once one gets through. Throws FrontendError
 * `token_reused`, `identifier_already_exists`, and what `presentLink` throws.
 */
export async function spendLink(place: Place, id: string): Promise<User> {
  const key = keyOf(place, LINK, id);
  const kept = await place.services.state.get<LinkRecord>(key);
  if (!kept) throw refuse('invalid_challenge_token', 'a login of this application, got an unknown one');
  const { value: link, version } = kept;
  const { config } = await requireOAuthConfig(place, link.provider);
  if (link.spent || !(await place.services.state.update(key, version, { ...link, spent: true }))) {
    throw refuse('token_reused', 'an unspent one, got a spent one');
  }
  return (await linkedUser(place, link)) ?? linkAccount(place, link, config);
}

function refuse(
  code: 'invalid_challenge_token' | 'expired_challenge_token' | 'token_reused',
  words: string,
): FrontendError {
  return new FrontendError(code, `challenge token: expected ${words}`);
}
