/** Login: the legacy OTP calls, and the last call of every current one. */
import { Hono, type Context } from 'hono';
import { answerTokens, mintAccess } from '../access.js';
import { requireProof } from '../binding.js';
import { readBody } from '../body.js';
import { carriedVerification, clearVerificationCookie, setVerificationCookie } from '../cookies.js';
import { countryOf } from '../device.js';
import type { Env } from '../errors.js';
import { spendLoginToken } from '../login-tokens.js';
import { checkLogin, startLogin } from '../logins.js';
import { placeOf, type Parts, type Place } from '../parts.js';
import { findRefresh, revokeSession, startSession } from '../sessions.js';
import { findVerification } from '../verifications.js';
import { Finalize, LoginOtp, OtpCheck } from '../wire.js';
import { resendCode } from './otp.js';

/** `/login/otp`, `/login/otp/check`, `/login/otp/retry`, `/login/finalize`. */
export function loginRoutes(parts: Parts): Hono<Env> {
  const routes = new Hono<Env>();

  routes.post('/login/otp', async (c) => {
    const place = placeOf(c, parts);
    const body = await readBody(c, LoginOtp);
    const { token, seconds } = await startLogin(place, {
      identifier: body.identifier,
      loginConfigId: body.login_config_id,
    });
    setVerificationCookie(c, place, token, seconds);
    return c.body(null, 204);
  });

  routes.post('/login/otp/check', async (c) => {
    const place = placeOf(c, parts);
    const { jkt } = await requireProof(c, place);
    const { code } = await readBody(c, OtpCheck);
    const carried = carriedVerification(c, place);
    const login = await checkLogin(place, carried && (await findVerification(place, carried.token)), code);
    clearVerificationCookie(c, place);
    return logIn(c, place, { userId: login.user.id, grantedScopes: login.grantedScopes, jkt });
  });

  routes.post('/login/otp/retry', (c) => resendCode(c, placeOf(c, parts)));

  routes.post('/login/finalize', async (c) => {
    const place = placeOf(c, parts);
    const { jkt } = await requireProof(c, place);
    const body = await readBody(c, Finalize);
    const login = await spendLoginToken(place, body.challenge_token, body.code_verifier);
    const answer = await logIn(c, place, { ...login, jkt });
    await endFormerSession(c, place);
    return answer;
  });

  return routes;
}

async function logIn(
  c: Context<Env>,
  place: Place,
  login: { userId: string; grantedScopes: string[]; jkt: string },
): Promise<Response> {
  const userAgent = c.req.header('user-agent') ?? '';
  const { session, refresh } = await startSession(place, { ...login, userAgent, country: countryOf(c) });
  return answerTokens(c, place, refresh, await mintAccess(place, session));
}

/** Prelude: an old session's refresh token in the header ends that session once the new one exists. */
async function endFormerSession(c: Context<Env>, place: Place): Promise<void> {
  const token = c.req.header('x-refresh-token');
  const former = token ? await findRefresh(place, token) : undefined;
  if (former) await revokeSession(place, former.session.id, 'replaced by a new login');
}
