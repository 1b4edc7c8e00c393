/**
 * What can go wrong, as one hierarchy. Layers throw a class and a code; only `cli/errors.ts` knows exit statuses.
 * A `code` is public API: it is never reworded. Anything thrown that is not a StepupError is a bug of ours.
 */

/** Every error code, once. Upper snake case; documented in the README. */
export type ErrorCode =
  // failed here (1)
  | 'PORT_IN_USE'
  | 'LISTEN_FAILED'
  | 'FILE_UNREADABLE'
  | 'FILE_UNWRITABLE'
  | 'STORE_UNREADABLE'
  | 'STORE_UNWRITABLE'
  | 'STORE_CORRUPTED'
  | 'STORE_NEWER'
  | 'STORE_LOCKED'
  | 'CODE_COMMAND_FAILED'
  | 'MESSAGE_NOT_FOUND'
  | 'STORE_AWAY'
  | 'GRANT_GONE'
  | 'SEED_INVALID'
  | 'STATE_INVALID'
  // wrong usage or bad input (2)
  | 'USAGE'
  | 'FLAG_CONFLICT'
  | 'FLAG_INVALID'
  | 'SCOPE_INVALID'
  | 'SCOPE_COUNT'
  | 'METADATA_INVALID'
  | 'PHONE_INVALID'
  | 'EMAIL_INVALID'
  | 'URL_INVALID'
  | 'ORIGIN_INVALID'
  | 'ORIGIN_NOT_ALLOWED'
  | 'DOCUMENT_INVALID'
  | 'PROFILE_UNKNOWN'
  | 'PROFILE_AMBIGUOUS'
  | 'PROFILE_EXISTS'
  | 'PROFILE_INVALID'
  | 'EMULATOR_NOT_FOUND'
  | 'EMULATOR_AMBIGUOUS'
  | 'CHALLENGE_UNKNOWN'
  | 'CHALLENGE_AMBIGUOUS'
  | 'STEP_UNSUPPORTED'
  | 'COMMAND_UNSUPPORTED'
  | 'ENVIRONMENT_INVALID'
  | 'ASSERTION_INVALID'
  | 'CREDENTIAL_UNKNOWN'
  | 'WALLET_UNKNOWN'
  | 'WALLET_EXISTS'
  | 'PASSKEY_EXISTS'
  | 'KEY_INVALID'
  | 'KEY_UNKNOWN'
  | 'KEY_EXISTS'
  | 'KEY_EXPOSED'
  | 'EMULATOR_KEY'
  | 'LIVE_KEY'
  | 'VERIFICATION_INVALID'
  | 'PASSWORD_INVALID'
  | 'CODE_NOT_SENT'
  | 'LOGIN_CONFIG_UNKNOWN'
  // refused by the service (3)
  | 'MANAGEMENT_KEY_REFUSED'
  | 'APPLICATION_UNKNOWN'
  | 'CONFIG_EXISTS'
  | 'CONFIG_MISSING'
  | 'SCOPE_NOT_ALLOWED'
  | 'CHALLENGE_BLOCKED'
  | 'CHALLENGE_OVER'
  | 'CHALLENGE_DISCARDED'
  | 'CODE_WRONG'
  | 'SCOPE_NOT_GRANTED'
  | 'CLOCK_SKEW'
  | 'MFA_REQUIRED'
  | 'METHOD_REFUSED'
  | 'NO_METHOD'
  | 'ELEVATION_REQUIRED'
  | 'PASSWORD_REFUSED'
  | 'VERIFICATION_REFUSED'
  | 'CAPTCHA_REQUIRED'
  | 'COOKIE_MODE'
  | 'NOT_OFFERED'
  | 'APPLICATION_CHANGED'
  | 'USER_EXISTS'
  | 'USER_UNKNOWN'
  | 'REFUSED'
  // session (4)
  | 'NOT_LOGGED_IN'
  | 'SESSION_OVER'
  // input (5)
  | 'INPUT_NEEDED'
  // unreachable (6)
  | 'SERVICE_UNREACHABLE'
  | 'TLS_UNTRUSTED'
  | 'TIMED_OUT'
  | 'RATE_LIMITED'
  | 'SERVICE_FAILING'
  | 'ANSWER_MALFORMED'
  // a command that cannot be started (127)
  | 'COMMAND_NOT_STARTED'
  // interrupted (130)
  | 'INTERRUPTED';

/** What an error may carry beside its message. `status`, `serviceCode` and `requestId` come from a service's answer. */
export interface ErrorDetails {
  /** One thing to do, often a command. */
  hint?: string | undefined;
  /** The flag, argument, variable or document field that is wrong, as the user typed it (`--phone`, `metadata.amount`). */
  field?: string | undefined;
  /** HTTP status of the service's answer. */
  status?: number | undefined;
  /** The service's own error code. */
  serviceCode?: string | undefined;
  requestId?: string | undefined;
  /** Seconds to wait before the next try, from `Retry-After`. */
  retryAfter?: number | undefined;
  cause?: unknown;
}

/** Base of everything that is not our own bug. `message` says what happened, with the names that the user typed. */
export abstract class StepupError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly field: string | undefined;
  readonly status: number | undefined;
  readonly serviceCode: string | undefined;
  readonly requestId: string | undefined;
  readonly retryAfter: number | undefined;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = new.target.name;
    this.code = code;
    this.hint = details.hint;
    this.field = details.field;
    this.status = details.status;
    this.serviceCode = details.serviceCode;
    this.requestId = details.requestId;
    this.retryAfter = details.retryAfter;
  }
}

/** Expected failure on this machine: port, file, store. Exit status 1. */
export class FailedError extends StepupError {}
/** A flag, argument, file or variable is wrong. Exit status 2. */
export class UsageError extends StepupError {}
/** The service said no. Exit status 3. */
export class RefusedError extends StepupError {}
/** Not logged in, or the session is over. Exit status 4. */
export class SessionError extends StepupError {}
/** A prompt is needed and cannot be had. Exit status 5. */
export class InputNeededError extends StepupError {}
/** No answer, 5xx, or a rate limit. Exit status 6. */
export class UnreachableError extends StepupError {}
/** Ctrl-C, or a prompt closed. Exit status 130. */
export class InterruptedError extends StepupError {
  constructor() {
    super('INTERRUPTED', 'Interrupted.');
  }
}

/** Why a program ends whose output nobody reads any more. */
export class ReaderGoneError extends InterruptedError {}
