/** Every login at Prelude: a way to prove who it is, and the session that it opens. */
import { UsageError } from '../../errors.js';
import { generateDpopKey } from '../../http/dpop.js';
import { parseEmail, parsePhone } from '../identifiers.js';
import type { LoginMethod, StepEvent } from '../provider.js';
import type { Frontend, Prover } from './frontend.js';
import { loginByOAuth, loginByPasskey, loginByPassword } from './login-others.js';
import { loginByCode, type Identifier } from './login-otp.js';
import { sessionOf, type Opened } from './opening.js';
import type { PasskeyTools } from './passkeys.js';
import type { Dialect } from './record.js';
import type { Records } from './records.js';

export interface LoginOptions {
  frontend: Frontend;
  records: Records;
  passkeys: PasskeyTools;
  /** Milliseconds since the epoch. */
  now(): number;
  randomBytes(size: number): Uint8Array;
}

/**
 * Logs in. The session is stored when it ends, with a key of its own, in place of the one before. Throws UsageError PHONE_INVALID,
 * EMAIL_INVALID and COMMAND_UNSUPPORTED, RefusedError.
 */
export async function* login(options: LoginOptions, method: LoginMethod): AsyncGenerator<StepEvent, void> {
  const { frontend, records, passkeys, now, randomBytes } = options;
  const identifier = identifierOf(method);
  const before = await previous(records);
  const prover: Prover = { key: await generateDpopKey(), skewSeconds: before.skewSeconds };
  const how = { frontend, prover };
  const dialect = before.dialect ?? 'otp';
  let opened: Opened & { dialect?: Dialect };
  switch (method.kind) {
    case 'phone':
    case 'email':
      opened = yield* loginByCode({ ...how, identifier: identifier!, loginConfig: method.loginConfig, dialect, now });
      break;
    case 'password':
      opened = await loginByPassword(how, method);
      break;
    case 'oauth':
      opened = yield* loginByOAuth(how, method, { now, randomBytes });
      break;
    case 'passkey':
      opened = await loginByPasskey(how, passkeys, method.using);
      break;
    case 'wallet':
    case 'jwt':
      throw unsupported(method.kind);
  }
  const session = sessionOf(opened, prover, identifier?.value);
  await records.replace({ version: 1, dialect: opened.dialect ?? before.dialect, session });
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

/** Whom the session is called by, where the login says it. */
function identifierOf(method: LoginMethod): Identifier | undefined {
  switch (method.kind) {
    case 'phone':
      return { type: 'phone_number', value: parsePhone(method.phone, '--phone') };
    case 'email':
    case 'password':
      return { type: 'email_address', value: parseEmail(method.email, '--email') };
    case 'oauth':
    case 'passkey':
      return undefined;
    case 'wallet':
    case 'jwt':
      throw unsupported(method.kind);
  }
}

function unsupported(kind: string): UsageError {
  return new UsageError('COMMAND_UNSUPPORTED', `A login by ${kind} is one of Dynamic.`, {
    field: `--${kind}`,
    hint: 'Log in with: stepup login --phone NUMBER',
  });
}
