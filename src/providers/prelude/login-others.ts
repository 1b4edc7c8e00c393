/** Logins without a code: password, sign-up, a social account, a passkey. Each ends in a challenge token. */
import { createHash } from 'node:crypto';
import * as v from 'valibot';
import { RefusedError, UsageError } from '../../errors.js';
import { sentAt } from '../instants.js';
import { parseAnswer, readToken } from '../parse.js';
import type { LoginMethod, StepEvent } from '../provider.js';
import type { Refusal } from '../refusal.js';
import { codeIn, pendingStep, redirectIn } from '../step.js';
import { refusalError } from './errors.js';
import type { Frontend, FrontendAnswer, Prover } from './frontend.js';
import { finalize, loginRefused, type Opened } from './opening.js';
import { retryCode, verificationOf } from './otp.js';
import { assertionFor, type PasskeyTools } from './passkeys.js';
import type { Verification } from './record.js';
import { advancedSchema, authorizedSchema, passkeyLoginSchema } from './wire.js';

interface Login {
  frontend: Frontend;
  prover: Prover;
}

/** Email and password; `signUp` makes the user first. Throws RefusedError REFUSED for a wrong or weak password. */
export async function loginByPassword(
  { frontend, prover }: Login,
  { email, password, signUp }: Extract<LoginMethod, { kind: 'password' }>,
): Promise<Opened> {
  const path = signUp ? '/login/email/sign-up' : '/login/email/password';
  const answer = await frontend.call({ path, body: { identifier: email, password }, spends: true });
  if (answer.refusal) throw passwordRefused(answer.refusal, signUp === true);
  return finalize(frontend, prover, { challengeToken: tokenIn(answer, path) });
}

function passwordRefused(refusal: Refusal, signUp: boolean): Error {
  const { status, code: serviceCode, requestId } = refusal;
  const details = { status, serviceCode, requestId };
  if (serviceCode === 'unauthorized' || serviceCode === 'password_not_set') {
    return new RefusedError('PASSWORD_REFUSED', 'The service refused this email address and password.', details);
  }
  if (serviceCode === 'no_login_config') {
    return new RefusedError('REFUSED', 'The application has no login by email and password.', {
      ...details,
      hint: 'Turn it on with: stepup login-config password --enable',
    });
  }
  if (serviceCode === 'identifier_already_exists') {
    return new RefusedError('PASSWORD_REFUSED', 'There is a user with this email address already.', {
      ...details,
      hint: 'Log in without --sign-up.',
    });
  }
  return serviceCode === 'invalid_password' && signUp ? weakPassword(details) : refusalError(refusal);
}

/** RefusedError PASSWORD_REFUSED: it is not what the application demands of one. */
export function weakPassword(details: { status?: number | undefined; serviceCode?: string | undefined }): RefusedError {
  return new RefusedError('PASSWORD_REFUSED', 'The service refused the password: it is too weak.', {
    ...details,
    hint: 'See what it demands with: stepup login-config password',
  });
}

const loginTokenSchema = v.object({
  grant_mode: v.optional(v.string()),
  pkce_challenge: v.optional(v.string()),
  metadata: v.optional(v.fallback(v.record(v.string(), v.unknown()), {}), {}),
});

/**
 * A social account, with PKCE (RFC 7636). Yields a `browser` step with the address to open; its answer is the address that the browser
 * came back to. Where the service wants the account's address confirmed, an `otp` step follows.
 */
export async function* loginByOAuth(
  { frontend, prover }: Login,
  method: Extract<LoginMethod, { kind: 'oauth' }>,
  { now, randomBytes }: { now(): number; randomBytes(size: number): Uint8Array },
): AsyncGenerator<StepEvent, Opened> {
  const codeVerifier = Buffer.from(randomBytes(32)).toString('base64url');
  const path = `/login/oauth/${encodeURIComponent(method.provider)}/authorize`;
  const codeChallenge = createHash('sha256').update(codeVerifier).digest('base64url');
  const answer = await frontend.call({
    path,
    body: {
      redirect_uri: method.redirectUri,
      code_challenge: codeChallenge,
      code_challenge_method: 'S256',
    },
  });
  if (answer.refusal) throw oauthRefused(answer.refusal, method.provider);
  const { authorization_url: url } = parseAnswer(authorizedSchema, answer.json, path);
  const { step, decided } = pendingStep({ key: 'login', kind: 'browser', url });
  yield { type: 'step', step };
  const decision = decided();
  const back = 'answer' in decision ? redirectIn(decision.answer) : undefined;
  let challengeToken = tokenOfRedirect(back, method.redirectUri);
  const { grant_mode: mode } = readToken(loginTokenSchema, challengeToken, 'a challenge token');
  if (mode === 'oauth-email-link') challengeToken = yield* confirmAddress(frontend, challengeToken, now);
  // Any page can lead a browser to the listener with a token of somebody else's login, one without PKCE (RFC 6749 §10.12).
  const { pkce_challenge: bound } = readToken(loginTokenSchema, challengeToken, 'a challenge token');
  if (bound !== codeChallenge) {
    throw new RefusedError(
      'CHALLENGE_OVER',
      'The browser came back with a token of another login than the one begun here.',
      {
        hint: 'Start again with: stepup login',
      },
    );
  }
  return finalize(frontend, prover, { challengeToken, codeVerifier });
}

/** What the browser came back with. Throws RefusedError when the social account said no. */
function tokenOfRedirect(back: string | undefined, redirectUri: string): string {
  const url = back !== undefined && URL.canParse(back) ? new URL(back) : undefined;
  if (!url || url.origin !== new URL(redirectUri).origin) {
    throw new UsageError('USAGE', 'The browser came back to another address than it was sent to.');
  }
  const token = url.searchParams.get('challenge_token');
  if (token) return token;
  const said = (url.searchParams.get('error') ?? 'no token').replace(/[^\w -]/g, '').slice(0, 60);
  throw new RefusedError('REFUSED', `The login with the social account did not end well (${said}).`, {
    hint: 'Start again with: stepup login',
  });
}

/** The account's address is confirmed by a code, before it opens a session (Prelude: `oauth-email-link`). */
async function* confirmAddress(
  frontend: Frontend,
  challengeToken: string,
  now: () => number,
): AsyncGenerator<StepEvent, string> {
  let verification: Verification | undefined;
  for (;;) {
    const startedAt = now();
    const answer: FrontendAnswer = verification
      ? await retryCode(frontend, '/otp/retry', verification)
      : await frontend.call({ path: '/otp', body: { challenge_token: challengeToken } });
    if (answer.refusal) throw loginRefused(answer.refusal);
    verification = verificationOf(answer, verification);
    const sent = sentAt(startedAt, answer);
    yield { type: 'code-sent', step: 'login', channel: 'email', sentAt: sent };
    const token = yield* checkedCode(frontend, challengeToken, verification, sent);
    if (token !== undefined) return token;
  }
}

/** Codes until one is right; undefined when a new one is to be sent. */
async function* checkedCode(
  frontend: Frontend,
  challengeToken: string,
  { token: verificationToken, cookies }: Verification,
  sent: string,
): AsyncGenerator<StepEvent, string | undefined> {
  for (;;) {
    const { step, decided } = pendingStep({ key: 'login', kind: 'otp', channel: 'email', sentAt: sent }, true);
    yield { type: 'step', step };
    const decision = decided();
    if ('resend' in decision) return undefined;
    const body = { code: codeIn(decision.answer), challenge_token: challengeToken };
    const answer = await frontend.call({ path: '/otp/check', body, verificationToken, cookies });
    if (!answer.refusal) return tokenIn(answer, '/otp/check');
    if (answer.refusal.code !== 'bad_check_code') throw loginRefused(answer.refusal);
    yield {
      type: 'step-refused',
      key: 'login',
      code: answer.refusal.code,
      message: refusalError(answer.refusal).message,
    };
  }
}

function oauthRefused(refusal: Refusal, provider: string): Error {
  if (refusal.code !== 'oauth_provider_not_configured' && refusal.code !== 'oauth_provider_disabled') {
    return refusalError(refusal);
  }
  return new RefusedError('REFUSED', `The application has no login with ${provider}.`, {
    field: '--oauth',
    hint: "Turn it on in the service's dashboard. A new emulator has every provider on.",
    status: refusal.status,
    serviceCode: refusal.code,
    requestId: refusal.requestId,
  });
}

/** A passkey of the store. Throws RefusedError NO_METHOD when none of them fits. */
export async function loginByPasskey(
  { frontend, prover }: Login,
  tools: PasskeyTools,
  using: string | undefined,
): Promise<Opened> {
  const begun = await frontend.call({ path: '/login/passkey/begin', body: {} });
  if (begun.refusal) throw loginRefused(begun.refusal);
  const { public_key, login_token } = parseAnswer(passkeyLoginSchema, begun.json, '/login/passkey/begin');
  const assertion = await assertionFor(tools, public_key, using);
  const answer = await frontend.call({ path: '/login/passkey/finish', body: { login_token, assertion }, spends: true });
  if (answer.refusal?.code === 'unauthorized') throw passkeyRefused(answer.refusal);
  if (answer.refusal) throw loginRefused(answer.refusal);
  return finalize(frontend, prover, { challengeToken: tokenIn(answer, '/login/passkey/finish') });
}

function passkeyRefused({ status, code: serviceCode, requestId }: Refusal): RefusedError {
  return new RefusedError('REFUSED', 'The service does not take this passkey: it is not registered there any more.', {
    hint: 'Log in another way, and make a new one with: stepup passkey add',
    status,
    serviceCode,
    requestId,
  });
}

function tokenIn(answer: FrontendAnswer, path: string): string {
  return parseAnswer(advancedSchema, answer.json, path).challenge_token;
}
