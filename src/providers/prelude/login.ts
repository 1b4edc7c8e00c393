/** Login by OTP, in the service's current dialect or the older one. */
import { RefusedError, UnreachableError, UsageError } from '../../errors.js';
import { generateDpopKey } from '../../http/dpop.js';
import { malformed } from '../../http/failures.js';
import type { LoginMethod, StepEvent } from '../provider.js';
import type { Refusal } from '../refusal.js';
import { refusalError } from './errors.js';
import type { Frontend, FrontendAnswer, FrontendCall, Prover } from './frontend.js';
import { parseEmail, parsePhone } from '../identifiers.js';
import { sentAt } from '../instants.js';
import { retryCode, verificationOf } from './otp.js';
import type { Dialect, Session, Verification } from './record.js';
import { learnt, type Records } from './records.js';
import { isLost, mint, rotation, type Minted } from './session.js';
import { codeIn, pendingStep } from '../step.js';
import { parseAnswer } from '../parse.js';
import { advancedSchema } from './wire.js';

export interface LoginOptions {
  frontend: Frontend;
  records: Records;
  /** Milliseconds since the epoch. */
  now(): number;
}

const PATHS = {
  otp: { start: '/otp', retry: '/otp/retry' },
  'login-otp': { start: '/login/otp', retry: '/login/otp/retry' },
} as const;

/**
 * Logs in: `code-sent`, `step` (and `step-refused`) as long as the code is wrong. The session is stored when it ends, with a
 * key of its own, in place of the one before. Throws UsageError PHONE_INVALID or EMAIL_INVALID, RefusedError.
 */
export async function* login(
  { frontend, records, now }: LoginOptions,
  method: LoginMethod,
): AsyncGenerator<StepEvent, void> {
  const identifier = identifierOf(method);
  const channel = identifier.type === 'phone_number' ? 'sms' : 'email';
  const before = await previous(records);
  const startedAt = now();
  const started = await start(frontend, before.dialect ?? 'otp', identifier);
  const { dialect } = started;
  let verification = verificationOf(started.answer);
  let sent = sentAt(startedAt, started.answer);
  yield { type: 'code-sent', step: 'login', channel, sentAt: sent };

  const prover: Prover = { key: await generateDpopKey(), skewSeconds: before.skewSeconds };
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
    if ('refusal' in checked) {
      if (checked.refusal.code !== 'bad_check_code') throw loginRefused(checked.refusal);
      const { message } = refusalError(checked.refusal);
      yield { type: 'step-refused', key: 'login', code: checked.refusal.code, message };
      continue;
    }
    const session = sessionOf(checked.minted, checked.fields, prover, identifier.value);
    await records.replace({ version: 1, dialect, session });
    return;
  }
}

/** What an earlier session taught us. A record that cannot be read is about to be replaced, so it teaches nothing. */
async function previous(records: Records): Promise<{ dialect?: Dialect | undefined; skewSeconds: number }> {
  try {
    const { dialect, session } = await records.read();
    return { dialect, skewSeconds: session?.skewSeconds ?? 0 };
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'STORE_CORRUPTED') return { skewSeconds: 0 };
    throw error;
  }
}

interface Identifier {
  type: 'phone_number' | 'email_address';
  value: string;
}

function identifierOf(method: LoginMethod): Identifier {
  switch (method.kind) {
    case 'phone':
      return { type: 'phone_number', value: parsePhone(method.phone, '--phone') };
    case 'email':
      return { type: 'email_address', value: parseEmail(method.email, '--email') };
    case 'passkey':
    case 'wallet':
    case 'jwt':
      throw new UsageError(
        'COMMAND_UNSUPPORTED',
        `This login by ${method.kind} is one of Dynamic; here it is by a code.`,
        {
          field: `--${method.kind}`,
          hint: 'Log in with: stepup login --phone NUMBER',
        },
      );
  }
}

/** Has the code sent. Only a JSON 404, which sends nothing, leads to the other dialect: never two messages for one login. */
async function start(
  frontend: Frontend,
  first: Dialect,
  identifier: Identifier,
): Promise<{ dialect: Dialect; answer: FrontendAnswer }> {
  const other: Dialect = first === 'otp' ? 'login-otp' : 'otp';
  let missing: Refusal | undefined;
  for (const dialect of [first, other]) {
    const answer = await frontend.call({ path: PATHS[dialect].start, body: { identifier } });
    if (!answer.refusal) return { dialect, answer };
    if (answer.status !== 404 || typeof answer.json !== 'object' || answer.json === null)
      throw startRefused(answer.refusal, identifier);
    missing = answer.refusal;
  }
  throw new RefusedError('APPLICATION_UNKNOWN', `${frontend.host} has no OTP login.`, {
    hint: 'Check the application id and its domain.',
    status: missing?.status,
    serviceCode: missing?.code,
    requestId: missing?.requestId,
  });
}

type Checked = { refusal: Refusal } | { minted: Minted; fields: Partial<Session> };

async function check(
  frontend: Frontend,
  dialect: Dialect,
  code: string,
  { token: verificationToken, cookies }: Verification,
  prover: Prover,
): Promise<Checked> {
  if (dialect === 'login-otp') {
    const answer = await spend(frontend, {
      path: '/login/otp/check',
      body: { code },
      prover,
      cookies,
      verificationToken,
    });
    if (answer.refusal) return { refusal: answer.refusal };
    return answer.status === 204 ? firstRefresh(frontend, answer, prover) : opened(answer);
  }
  const proven = await frontend.call({ path: '/otp/check', body: { code }, verificationToken, cookies });
  if (proven.refusal) return { refusal: proven.refusal };
  const { challenge_token } = parseAnswer(advancedSchema, proven.json, '/otp/check');
  const answer = await spend(frontend, { path: '/login/finalize', body: { challenge_token }, prover });
  if (answer.refusal) throw loginRefused(answer.refusal);
  return opened(answer);
}

/** Makes the call that spends the code. When its answer is lost, the login is: only a new code leads on. */
async function spend(frontend: Frontend, wanted: FrontendCall): Promise<FrontendAnswer> {
  try {
    return await frontend.call({ ...wanted, spends: true });
  } catch (error) {
    if (!isLost(error)) throw error;
    throw new UnreachableError(error.code, error.message, {
      hint: 'The code may be spent all the same. Start again with: stepup login',
      cause: error,
    });
  }
}

/** A login check may answer without a token; the first refresh mints it then (Prelude: complete login OTP). */
async function firstRefresh(frontend: Frontend, checked: FrontendAnswer, prover: Prover): Promise<Checked> {
  const { refreshToken, refreshCookies: cookies } = rotation(checked.headers);
  const answer = await spend(frontend, { path: '/refresh', prover, refreshToken, cookies });
  if (answer.refusal) throw loginRefused(answer.refusal);
  const { minted, fields } = opened(answer, rotation(checked.headers));
  return { minted, fields };
}

function opened(answer: FrontendAnswer, before: Partial<Session> = {}): { minted: Minted; fields: Partial<Session> } {
  const fields = { ...before, ...rotation(answer.headers) };
  if (!fields.refreshToken && !fields.refreshCookies) throw malformed('The service logged in without a refresh token.');
  return { minted: mint(answer), fields };
}

function sessionOf(minted: Minted, fields: Partial<Session>, prover: Prover, identifier: string): Session {
  const { userId, sessionId, token, expiresAt } = minted;
  return {
    key: prover.key,
    ...learnt(prover),
    ...fields,
    accessToken: token,
    accessTokenExpiresAt: expiresAt,
    userId,
    sessionId,
    identifier,
    challenges: {},
    grants: [],
  };
}

function startRefused(refusal: Refusal, { type, value }: Identifier): Error {
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

/** While logging in a 401 is about the code in play, not about a session. */
function loginRefused(refusal: Refusal): Error {
  const over = ['unauthorized', 'invalid_challenge_token', 'expired_challenge_token', 'token_reused'];
  if (!over.includes(refusal.code ?? '')) return refusalError(refusal);
  return new RefusedError(
    'CHALLENGE_OVER',
    'This login is over: its code has expired, was used, or had too many wrong tries.',
    {
      hint: 'Start again with: stepup login',
      status: refusal.status,
      serviceCode: refusal.code,
      requestId: refusal.requestId,
    },
  );
}
