/** Login by a one-time code: sent, and checked. */
import { FrontendError } from './errors.js';
import { loginConfigFor } from './login-config.js';
import type { ProvedLogin } from './login-tokens.js';
import { spendLink } from './oauth.js';
import type { Place } from './parts.js';
import { userOf } from './users.js';
import { startVerification, tryCode, type Verification } from './verifications.js';
import { canonicalIdentifier, type Identifier } from './wire.js';

const DEFAULT_CODE_SIZE = 6;

/** Sends a login code. Throws FrontendError `invalid_identifier` or `no_login_config`. */
export async function startLogin(
  place: Place,
  wish: { identifier: Identifier; codeChallenge?: string | undefined; loginConfigId?: string | undefined },
): Promise<{ token: string; seconds: number }> {
  const { identifier } = wish;
  if (canonicalIdentifier(identifier) === undefined) {
    const expected = identifier.type === 'phone_number' ? 'an E.164 number' : 'an email address';
    throw new FrontendError('invalid_identifier', `identifier.value: expected ${expected}, got something else`);
  }
  const channel = identifier.type === 'phone_number' ? 'sms' : 'email';
  const config = await loginConfigFor(place, channel, wish.loginConfigId);
  if (!config) {
    const which = wish.loginConfigId === undefined ? 'a default one' : 'that of login_config_id';
    throw new FrontendError('no_login_config', `login configuration for ${channel}: expected ${which}, got none`);
  }
  return startVerification(place, {
    purpose: {
      type: 'login',
      identifier,
      codeChallenge: wish.codeChallenge ?? null,
      grantedScopes: config.granted_scopes ?? [],
    },
    channel,
    to: identifier.value,
    codeSize: config.code_size ?? DEFAULT_CODE_SIZE,
  });
}

/**
 * Checks a login's code; with `linkId`, that which confirms the address of an OAuth login. Throws FrontendError `bad_check_code`,
 * `unauthorized` when the verification is over or another's, and what the link of an account throws.
 */
export async function checkLogin(
  place: Place,
  verification: Verification | undefined,
  code: string,
  linkId?: string,
): Promise<ProvedLogin> {
  if (verification?.purpose.type !== 'login' || verification.purpose.linkId !== linkId) {
    throw new FrontendError('unauthorized', 'verification: expected one of this login, got none');
  }
  const attempt = await tryCode(place, verification.id, code);
  if (attempt === 'over')
    throw new FrontendError('unauthorized', 'verification: expected one under way, got one that is over');
  if (attempt !== 'right') throw badCode(attempt);
  const { identifier, codeChallenge, grantedScopes } = verification.purpose;
  const user =
    linkId === undefined
      ? await userOf(place, identifier, canonicalIdentifier(identifier) ?? '')
      : await spendLink(place, linkId);
  return { user, codeChallenge, grantedScopes };
}

/** The refusal of a code that is not right. */
export function badCode(attempt: 'wrong' | 'last' | 'expired'): FrontendError {
  const got = { wrong: 'another', last: 'another, and no attempt is left', expired: 'one after its time' }[attempt];
  return new FrontendError('bad_check_code', `code: expected the one that was sent, got ${got}`);
}
