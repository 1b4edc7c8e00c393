/** Login by OTP, in the service's current dialect or the older one. */
import { RefusedError } from '../../errors.js';
import { sentAt } from '../instants.js';
import { parseAnswer } from '../parse.js';
import type { StepEvent } from '../provider.js';
import type { Refusal } from '../refusal.js';
import { codeIn, pendingStep } from '../step.js';
import { refusalError } from './errors.js';
import type { Frontend, FrontendAnswer, Prover } from './frontend.js';
import { finalize, loginRefused, opened, spend, type Opened } from './opening.js';
import { retryCode, verificationOf } from './otp.js';
import type { Dialect, Verification } from './record.js';
import { rotation } from './session.js';
import { advancedSchema } from './wire.js';

const PATHS = {
  otp: { start: '/otp', retry: '/otp/retry' },
  'login-otp': { start: '/login/otp', retry: '/login/otp/retry' },
} as const;

/** Whom a code goes to, in the service's words. */
export interface Identifier {
  type: 'phone_number' | 'email_address';
  value: string;
}

export interface OtpLogin {
  frontend: Frontend;
  prover: Prover;
  identifier: Identifier;
  /** Prelude: `lcfg_…`, where another than the default configuration is meant. */
  loginConfig?: string | undefined;
  /** The dialect that is tried first. */
  dialect: Dialect;
  /** Milliseconds since the epoch. */
  now(): number;
}

/**
 * `code-sent`, then `step` (and `step-refused`) as long as the code is wrong; answers with what was opened, in which dialect. Throws
 * RefusedError.
 */
export async function* loginByCode(login: OtpLogin): AsyncGenerator<StepEvent, Opened & { dialect: Dialect }> {
  const { frontend, prover, identifier, now } = login;
  const channel = identifier.type === 'phone_number' ? 'sms' : 'email';
  const startedAt = now();
  const started = await start(login);
  const { dialect } = started;
  let verification = verificationOf(started.answer);
  let sent = sentAt(startedAt, started.answer);
  yield { type: 'code-sent', step: 'login', channel, sentAt: sent };
  for (;;) {
    const { step, decided } = pendingStep({ key: 'login', kind: 'otp', channel, sentAt: sent }, true);
    yield { type: 'step', step };
    const decision = decided();
    if ('resend' in decision) {
      const again = now();
      const answer = await retryCode(frontend, PATHS[dialect].retry, verification);
      if (answer.refusal) throw loginRefused(answer.refusal);
      verification = verificationOf(answer, verification);
      sent = sentAt(again, answer);
      yield { type: 'code-sent', step: 'login', channel, sentAt: sent };
      continue;
    }
    const checked = await check(frontend, dialect, codeIn(decision.answer), verification, prover);
    if (!('refusal' in checked)) return { ...checked, dialect };
    if (checked.refusal.code !== 'bad_check_code') throw loginRefused(checked.refusal);
    const { message } = refusalError(checked.refusal);
    yield { type: 'step-refused', key: 'login', code: checked.refusal.code, message };
  }
}

/** Has the code sent. Only a JSON 404, which sends nothing, leads to the other dialect: never two messages for one login. */
async function start({
  frontend,
  identifier,
  loginConfig,
  dialect: first,
}: OtpLogin): Promise<{ dialect: Dialect; answer: FrontendAnswer }> {
  const other: Dialect = first === 'otp' ? 'login-otp' : 'otp';
  const body = { identifier, ...(loginConfig === undefined ? {} : { login_config_id: loginConfig }) };
  let missing: Refusal | undefined;
  for (const dialect of [first, other]) {
    const answer = await frontend.call({ path: PATHS[dialect].start, body });
    if (!answer.refusal) return { dialect, answer };
    if (answer.status !== 404 || typeof answer.json !== 'object' || answer.json === null)
      throw startRefused(answer.refusal, identifier, loginConfig);
    missing = answer.refusal;
  }
  throw new RefusedError('APPLICATION_UNKNOWN', `${frontend.host} has no OTP login.`, {
    hint: 'Check the application id and its domain.',
    status: missing?.status,
    serviceCode: missing?.code,
    requestId: missing?.requestId,
  });
}

async function check(
  frontend: Frontend,
  dialect: Dialect,
  code: string,
  { token: verificationToken, cookies }: Verification,
  prover: Prover,
): Promise<{ refusal: Refusal } | Opened> {
  if (dialect === 'login-otp') {
    const call = { path: '/login/otp/check', body: { code }, prover, cookies, verificationToken };
    const answer = await spend(frontend, call);
    if (answer.refusal) return { refusal: answer.refusal };
    return answer.status === 204 ? firstRefresh(frontend, answer, prover) : opened(answer);
  }
  const proven = await frontend.call({ path: '/otp/check', body: { code }, verificationToken, cookies });
  if (proven.refusal) return { refusal: proven.refusal };
  const { challenge_token: challengeToken } = parseAnswer(advancedSchema, proven.json, '/otp/check');
  return finalize(frontend, prover, { challengeToken });
}

/** A login check may answer without a token; the first refresh mints it then (Prelude: complete login OTP). */
async function firstRefresh(frontend: Frontend, checked: FrontendAnswer, prover: Prover): Promise<Opened> {
  const { refreshToken, refreshCookies: cookies } = rotation(checked.headers);
  const answer = await spend(frontend, { path: '/refresh', prover, refreshToken, cookies });
  if (answer.refusal) throw loginRefused(answer.refusal);
  return opened(answer, rotation(checked.headers));
}

function startRefused(refusal: Refusal, { type, value }: Identifier, loginConfig: string | undefined): Error {
  if (refusal.code === 'no_login_config' && loginConfig !== undefined) {
    const channel = type === 'phone_number' ? 'SMS' : 'email';
    return new RefusedError('REFUSED', `The application has no login configuration ${loginConfig} for ${channel}.`, {
      field: '--login-config',
      hint: 'See them with: stepup login-config list',
      status: refusal.status,
      serviceCode: refusal.code,
      requestId: refusal.requestId,
    });
  }
  if (refusal.code !== 'invalid_identifier') return loginRefused(refusal);
  // Its own check is stricter than ours.
  return new RefusedError('REFUSED', `The service takes no login of ${value}.`, {
    field: type === 'phone_number' ? '--phone' : '--email',
    hint: 'Check it for a typing error.',
    status: refusal.status,
    serviceCode: refusal.code,
    requestId: refusal.requestId,
  });
}
