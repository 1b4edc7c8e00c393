/** One-time codes of the current dialect: for a login, or for a step of a challenge. */
import { Hono, type Context } from 'hono';
import { age } from '../../tenant-place.js';
import { requireChallengeProof } from '../binding.js';
import { readBody } from '../body.js';
import { challengeOf, move, passStep, present } from '../challenges.js';
import { carriedVerification, setVerificationCookie } from '../cookies.js';
import { FrontendError, type Env } from '../errors.js';
import { targetOf } from '../hooks.js';
import { loginConfigFor, type LoginConfig } from '../login-config.js';
import { issueLoginToken } from '../login-tokens.js';
import { badCode, checkLogin, startLogin } from '../logins.js';
import { presentLink } from '../oauth.js';
import { advanced, type Advanced } from '../passkey-steps.js';
import { placeOf, type Parts, type Place } from '../parts.js';
import { attachIdentifier } from '../registration.js';
import { currentStep, isExpired, type Effect } from '../rules.js';
import { findUser } from '../users.js';
import {
  findVerification,
  resend,
  startVerification,
  tryCode,
  verificationOf,
  type Verification,
} from '../verifications.js';
import { Otp, OtpCheck } from '../wire.js';

/** `/otp`, `/otp/check`, `/otp/retry`. */
export function otpRoutes(parts: Parts): Hono<Env> {
  const routes = new Hono<Env>();

  routes.post('/otp', async (c) => {
    const place = placeOf(c, parts);
    const { identifier, challenge_token, code_challenge, login_config_id } = await readBody(c, Otp);
    const started = identifier
      ? await startLogin(place, { identifier, codeChallenge: code_challenge, loginConfigId: login_config_id })
      : ((await startLink(place, challenge_token ?? '')) ?? (await startStep(place, challenge_token ?? '')));
    c.header('X-Verification-Token', started.token);
    setVerificationCookie(c, place, started.token, started.seconds);
    return c.body(null, 204);
  });

  routes.post('/otp/check', async (c) => {
    const place = placeOf(c, parts);
    const { code, challenge_token } = await readBody(c, OtpCheck);
    const link = challenge_token === undefined ? undefined : await presentLink(place, challenge_token);
    if (challenge_token !== undefined && !link) return c.json(await checkStep(c, place, challenge_token, code));
    const carried = carriedVerification(c, place);
    const login = await checkLogin(place, carried && (await findVerification(place, carried.token)), code, link?.id);
    return c.json({ challenge_token: await issueLoginToken(place, login) });
  });

  routes.post('/otp/retry', (c) => resendCode(c, placeOf(c, parts)));

  return routes;
}

/** Sends another code to the verification of the header or cookie: 204. Throws FrontendError `unauthorized` when it is over. */
export async function resendCode(c: Context<Env>, place: Place): Promise<Response> {
  const carried = carriedVerification(c, place);
  const verification = carried && (await findVerification(place, carried.token));
  if (!verification) throw new FrontendError('unauthorized', 'verification: expected one under way, got none');
  if (!(await stillWanted(place, verification)) || !(await resend(place, verification.id))) {
    throw new FrontendError('unauthorized', 'verification: expected one under way, got one that is over');
  }
  return c.body(null, 204);
}

/** A step's code is wanted only while that step is the current one of an open challenge. */
async function stillWanted(place: Place, { purpose }: Verification): Promise<boolean> {
  if (purpose.type === 'login') return true;
  const challenge = await challengeOf(place, purpose.challengeId);
  const open = challenge?.status === 'open' && !isExpired(challenge, challenge.jti, age(place));
  return open && currentStep(challenge)?.order === purpose.step;
}

/** Sends the code that confirms the address of an OAuth login; undefined when the token is of no such login. */
async function startLink(place: Place, token: string): Promise<{ token: string; seconds: number } | undefined> {
  const found = await presentLink(place, token);
  if (!found) return undefined;
  const { id: linkId, link } = found;
  const config = await requireChannel(place, 'email');
  const { email, codeChallenge, grantedScopes } = link;
  const identifier = { type: 'email_address', value: email } as const;
  return startVerification(place, {
    purpose: { type: 'login', identifier, codeChallenge, grantedScopes, linkId },
    channel: 'email',
    to: email,
    codeSize: config.code_size ?? 6,
  });
}

async function requireChannel(place: Place, channel: 'sms' | 'email'): Promise<LoginConfig> {
  const config = await loginConfigFor(place, channel);
  if (config) return config;
  throw new FrontendError('no_login_config', `login configuration for ${channel}: expected a default one, got none`);
}

/** Sends the code of the challenge's current step. */
async function startStep(place: Place, token: string): Promise<{ token: string; seconds: number }> {
  const { challenge, jti } = await present(place, token);
  const { channel, step } = await codeStep(place, challenge.id, jti);
  const config = await requireChannel(place, channel);
  const { registers } = challenge;
  const target = registers ?? targetOf(channel, (await findUser(place, challenge.userId))?.identifiers ?? []);
  if (!target) throw new FrontendError('invalid_identifier', `user: expected an identifier for ${channel}, got none`);
  return startVerification(place, {
    purpose: { type: 'step-up', challengeId: challenge.id, step, registers: registers !== undefined },
    channel,
    to: target.value,
    codeSize: config.code_size ?? 6,
  });
}

async function codeStep(place: Place, id: string, jti: string): Promise<Extract<Effect, { type: 'code' }>> {
  const { effects } = await move(place, id, { type: 'send', jti });
  const code = effects.find((effect) => effect.type === 'code');
  if (!code) throw new TypeError('the event `send` has no effect `code`');
  return code;
}

/** Checks the code of the current step; returns the answer with the next challenge token. */
async function checkStep(c: Context<Env>, place: Place, token: string, code: string): Promise<Advanced> {
  const { challenge, jti, session } = await present(place, token);
  // Prelude: an expired challenge is told like a wrong code.
  if (isExpired(challenge, jti, age(place))) throw badCode('expired');
  await requireChallengeProof(c, place, { jti, jkt: session.jkt });
  const { step } = await codeStep(place, challenge.id, jti);
  const verification = await stepVerification(c, place, challenge.id);
  if (verification?.purpose.type !== 'step-up' || verification.purpose.step !== step) {
    throw new FrontendError('unauthorized', 'verification: expected one of the current step, got none');
  }
  const attempt = await tryCode(place, verification.id, code);
  switch (attempt) {
    case 'right':
      // Before the step: of several right codes at once each finds the identifier attached, and one passes.
      await attachIdentifier(place, challenge);
      return advanced(place, await passStep(place, { id: challenge.id, jti, key: currentStep(challenge)?.key ?? '' }));
    case 'last':
      await move(place, challenge.id, { type: 'exhaust', jti });
      throw badCode(attempt);
    case 'over':
      // Either a right code was quicker, and the token is an earlier one by now, or no attempt is left.
      await move(place, challenge.id, { type: 'present', jti });
      throw new FrontendError('invalid_challenge_token', 'challenge: expected one with attempts left, got none left');
    default:
      throw badCode(attempt);
  }
}

/** By the token; else, as a browser's cookie may be of another challenge and others keep none, by the challenge. */
async function stepVerification(c: Context<Env>, place: Place, challengeId: string): Promise<Verification | undefined> {
  const carried = carriedVerification(c, place);
  if (!carried || carried.byCookie) return verificationOf(place, challengeId);
  const found = await findVerification(place, carried.token);
  return found?.id === challengeId ? found : undefined;
}
