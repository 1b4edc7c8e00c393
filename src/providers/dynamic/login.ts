/** Login at Dynamic: a code, a passkey, a wallet, or a token of the developer's own backend. */
import { FailedError, RefusedError, UnreachableError, UsageError } from '../../errors.js';
import { generateDpopKey } from '../../http/dpop.js';
import type { LoginMethod, PendingStep, StepEvent } from '../provider.js';
import { parseAnswer } from '../parse.js';
import { choiceIn, codeIn, pendingStep } from '../step.js';
import type { Answer, Call } from './api.js';
import { contactOfEmail, contactOfPhone, sendCode, settingsOf, type Contact, type Sent } from './codes.js';
import { refuseCaptcha, refuseCookies } from './environment.js';
import { endsChallenge, isWrongCode, refusalError } from './errors.js';
import { parseAssertion } from './input.js';
import { compressed } from './keys.js';
import { noPasskey, usablePasskeys, type ProofTools } from './proofs.js';
import type { Environment } from './provider.js';
import type { Records } from './record.js';

export interface LoginOptions extends ProofTools {
  records: Records;
  /** Reads the environment's settings. */
  environment(): Promise<Environment>;
}

const CODE: PendingStep['accepts'] = { pattern: /^\d{6}$/, words: 'six digits' };

/**
 * Logs in. The session is stored when it ends, with a key of its own, in place of the one before. Throws UsageError PHONE_INVALID,
 * EMAIL_INVALID, WALLET_UNKNOWN, ASSERTION_INVALID, CREDENTIAL_UNKNOWN; RefusedError COOKIE_MODE, CAPTCHA_REQUIRED, NO_METHOD and what
 * the service refuses.
 */
export async function* login(options: LoginOptions, method: LoginMethod): AsyncGenerator<StepEvent, void> {
  const { keeper, records } = options;
  const contact = await contactIn(method);
  await makeReadable(records);
  const environment = await options.environment();
  const settings = settingsOf(environment, options.now());
  refuseCookies(environment);
  if (contact) refuseCaptcha(environment);
  const key = await generateDpopKey();
  const send = (call: Omit<Call, 'bearer' | 'sessionKey'>): Promise<Answer> => keeper.callAsNobody(key, call);
  const sessionKey = compressed(key);
  const answer = contact
    ? yield* byCode(options, contact, send)
    : yield* bySignature(options, method, send, sessionKey);
  const { session } = keeper.opened(key, answer);
  await records.update((record) => ({ ...record, settings, session }));
}

/** A record that cannot be read is about to be replaced, so it counts as none. */
async function makeReadable(records: Records): Promise<void> {
  try {
    await records.read();
  } catch (error) {
    if (!(error instanceof FailedError) || error.code !== 'STORE_CORRUPTED') throw error;
    await records.replace({ version: 1 });
  }
}

async function contactIn(method: LoginMethod): Promise<Contact | undefined> {
  switch (method.kind) {
    case 'phone':
      return contactOfPhone(method.phone);
    case 'email':
      return contactOfEmail(method.email);
    case 'passkey':
    case 'wallet':
      return undefined;
    case 'jwt':
      parseAssertion(method.jwt, '--jwt');
      return undefined;
    case 'password':
    case 'oauth':
      throw new UsageError('COMMAND_UNSUPPORTED', `A login by ${method.kind} is one of Prelude.`, {
        field: method.kind === 'oauth' ? '--oauth' : '--password',
        hint: 'Log in with: stepup login --email ADDRESS',
      });
  }
}

type Send = (call: Omit<Call, 'bearer' | 'sessionKey'>) => Promise<Answer>;

async function* byCode(options: LoginOptions, contact: Contact, send: Send): AsyncGenerator<StepEvent, Answer> {
  const { now } = options;
  let sent = await sendCode(send, contact, now);
  yield codeSent(sent);
  for (;;) {
    const { channel, at, verificationUUID } = sent;
    const { step, decided } = pendingStep(
      { key: 'login', kind: 'otp', channel, sentAt: at, verificationId: verificationUUID, accepts: CODE },
      true,
    );
    yield { type: 'step', step };
    const decision = decided();
    if ('resend' in decision) {
      sent = await sendCode(send, contact, now);
      yield codeSent(sent);
      continue;
    }
    const json = { verificationUUID, verificationToken: codeIn(decision.answer) };
    const answer = await spend(send, { method: 'POST', path: `/${channel}Verifications/signin`, json });
    const { refusal } = answer;
    if (!refusal) return answer;
    if (!isWrongCode(refusal)) throw loginRefused(answer);
    yield {
      type: 'step-refused',
      key: 'login',
      code: refusal.code ?? 'CODE_WRONG',
      message: refusalError(refusal).message,
    };
  }
}

async function* bySignature(
  options: LoginOptions,
  method: LoginMethod,
  send: Send,
  sessionKey: string,
): AsyncGenerator<StepEvent, Answer> {
  const answer =
    method.kind === 'passkey'
      ? yield* byPasskey(options, method.using, send)
      : method.kind === 'wallet'
        ? await byWallet(options, method.using, send, sessionKey)
        : await byJwt(method, send);
  if (answer.refusal) throw loginRefused(answer);
  return answer;
}

function byJwt(method: LoginMethod, send: Send): Promise<Answer> {
  if (method.kind !== 'jwt') throw new TypeError(`a login by ${method.kind} has no token`);
  const jwt = parseAssertion(method.jwt, '--jwt');
  return spend(send, { method: 'POST', path: '/externalAuth/signin', json: { jwt } });
}

async function byWallet(
  options: LoginOptions,
  name: string | undefined,
  send: Send,
  sessionKey: string,
): Promise<Answer> {
  const { handInSigned } = await import('./wallet.js');
  const wallets = await options.keyring.wallets();
  const wallet = name === undefined && wallets.size === 1 ? [...wallets.values()][0] : wallets.get(name ?? '');
  if (!wallet) throw walletUnknown(name, [...wallets.keys()]);
  return handInSigned(wallet, options, { sessionKey }, (json) =>
    spend(send, { method: 'POST', path: '/wallets/signin', json }),
  );
}

async function* byPasskey(
  options: LoginOptions,
  using: string | undefined,
  send: Send,
): AsyncGenerator<StepEvent, Answer> {
  const { requestOptionsSchema, usePasskey } = await import('../../authenticator/passkey.js');
  const asked = await send({ method: 'GET', path: '/users/passkeys/signin' });
  if (asked.refusal) throw loginRefused(asked);
  const wanted = parseAnswer(requestOptionsSchema, asked.json, '/users/passkeys/signin');
  const usable = await usablePasskeys(options, wanted);
  const named = using === undefined ? usable : usable.filter(({ credentialId }) => credentialId === using);
  const [first] = named;
  if (!first) throw noPasskey(options.target);
  let chosen = first;
  if (named.length > 1) {
    const { step, decided } = pendingStep({
      key: 'passkey',
      kind: 'choice',
      choices: named.map(({ credentialId, userName, createdAt }) => ({
        id: credentialId,
        label: `${userName} (made ${createdAt})`,
      })),
      choiceFlags: '--passkey ID',
    });
    yield { type: 'step', step };
    const decision = decided();
    const id = 'answer' in decision ? choiceIn(decision.answer) : '';
    chosen = named.find(({ credentialId }) => credentialId === id) ?? first;
  }
  const json = await usePasskey(chosen, wanted, { origin: options.target.origin });
  return spend(send, { method: 'POST', path: '/users/passkeys/signin', json });
}

/** Makes the call that spends the proof. When its answer is lost, the login is: only a new proof leads on. */
async function spend(send: Send, call: Omit<Call, 'bearer' | 'sessionKey'>): Promise<Answer> {
  try {
    return await send({ ...call, spends: true });
  } catch (error) {
    if (!(error instanceof UnreachableError) || !['TIMED_OUT', 'ANSWER_MALFORMED'].includes(error.code)) throw error;
    throw new UnreachableError(error.code, error.message, {
      hint: 'The proof may be spent all the same. Start again with: stepup login',
      cause: error,
    });
  }
}

/** The key of an earlier session stays out of it: a 401 here is about the proof. */
function loginRefused({ refusal }: Answer): Error {
  if (!refusal) throw new TypeError('the service has not refused');
  if (!endsChallenge(refusal) && refusal.status !== 401) return refusalError(refusal);
  return new RefusedError(
    'CHALLENGE_OVER',
    'This login is over: its proof has expired, was used, or had too many wrong tries.',
    {
      hint: 'Start again with: stepup login',
      status: refusal.status,
      serviceCode: refusal.code,
      requestId: refusal.requestId,
    },
  );
}

function codeSent({ channel, at }: Sent): StepEvent {
  return { type: 'code-sent', step: 'login', channel, sentAt: at };
}

/** UsageError WALLET_UNKNOWN. */
export function walletUnknown(name: string | undefined, known: string[]): UsageError {
  const message =
    name === undefined
      ? known.length === 0
        ? 'There is no wallet in the store.'
        : `Several wallets are in the store: ${known.join(', ')}.`
      : `There is no wallet "${name}" in the store.`;
  return new UsageError('WALLET_UNKNOWN', message, {
    field: '--wallet',
    hint: known.length === 0 ? 'Make one with: stepup wallet create' : `Known wallets: ${known.join(', ')}`,
  });
}
