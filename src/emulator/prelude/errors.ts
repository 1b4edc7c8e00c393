/** The service's own error bodies, statuses and codes. */
import type { Context } from 'hono';
import type { Services, Variables } from '../services.js';
import { BodyError } from '../json-body.js';
import { newUuid } from '../randomness.js';

/** Context of every route of this service. */
export type Env = { Variables: Variables };

type Status = 400 | 401 | 403 | 404 | 409 | 429 | 500 | 501;

/** Prelude: frontend error codes, with the HTTP status and the words that go with each. */
const FRONTEND = {
  bad_request: [400, 'The request is malformed.'],
  invalid_identifier: [400, 'The identifier is not valid.'],
  invalid_metadata: [400, 'The metadata breaks a limit.'],
  invalid_password: [400, 'The password is too weak.'],
  invalid_redirect_uri: [400, 'The redirect_uri is not allowed.'],
  oauth_provider_not_configured: [400, 'The OAuth provider is not configured.'],
  oauth_provider_disabled: [400, 'The OAuth provider is disabled.'],
  passkey_registration_failed: [400, 'The passkey could not be registered.'],
  invalid_pagination_limit: [400, 'limit must be between 1 and 100.'],
  invalid_pagination_offset: [400, 'offset must be 0 or more.'],
  missing_dpop_proof: [400, 'A DPoP proof is required.'],
  invalid_dpop_proof: [400, 'The DPoP proof is not valid.'],
  use_dpop_nonce: [400, 'The DPoP proof must carry the nonce.'],
  dpop_key_mismatch: [400, 'The DPoP proof was made with another key.'],
  invalid_challenge_token: [400, 'The challenge token is not valid.'],
  expired_challenge_token: [400, 'The challenge token has expired.'],
  invalid_verification_token: [400, 'The verification token is not valid.'],
  token_mismatch: [400, 'The tokens do not belong together.'],
  step_not_completed: [400, 'The step is not completed.'],
  step_not_found: [400, 'The challenge has no such step.'],
  step_bypassed: [400, 'The step is not the current one.'],
  unauthorized: [401, 'Authentication is required.'],
  password_not_set: [401, 'The user has no password.'],
  bad_check_code: [401, 'The code is wrong or has expired.'],
  not_configured: [403, 'Step-up is not configured.'],
  insufficient_scope: [403, 'The access token lacks the scope.'],
  scope_not_allowed: [403, 'The scope is not allowed.'],
  direct_scope_identifier_mismatch: [403, "No entry of the scope fits the user's identifiers."],
  passkey_not_configured: [403, 'Passkeys are not configured.'],
  passkey_step_unavailable: [403, 'The user has no passkey for this step.'],
  passkey_authenticator_blocked: [403, 'Authenticators of this model are not allowed.'],
  no_login_config: [403, 'There is no login configuration for this.'],
  not_found: [404, 'Not found.'],
  identifier_already_exists: [409, 'The identifier belongs to a user already.'],
  token_reused: [409, 'The token has been used already.'],
  rate_limited: [429, 'There were too many attempts.'],
  internal: [500, 'Internal error.'],
  not_emulated: [501, 'The emulator does not have this call.'],
} as const satisfies Record<string, readonly [Status, string]>;

export type FrontendCode = keyof typeof FRONTEND;

/** A refusal of the frontend API. `refusal` says why, for the event log only; it never holds a code, a token or a key. */
export class FrontendError extends Error {
  readonly status: Status;

  constructor(
    readonly code: FrontendCode,
    readonly refusal: string,
    message?: string,
  ) {
    super(message ?? FRONTEND[code][1]);
    this.name = 'FrontendError';
    this.status = FRONTEND[code][0];
  }
}

/** A refusal of the management API; its message names the field. */
export class ManagementError extends Error {
  constructor(
    readonly status: Status,
    readonly code: string,
    message: string,
  ) {
    super(message);
    this.name = 'ManagementError';
  }
}

const STATUS_WORDS: Record<Status, string> = {
  400: 'bad_request',
  401: 'unauthorized',
  403: 'forbidden',
  404: 'not_found',
  409: 'conflict',
  429: 'too_many_requests',
  500: 'internal',
  501: 'not_implemented',
};

/** Frontend body: `{code, type, message, request_id}`. An error that is no refusal is a fault of ours: it goes on to the host. */
export function answerFrontend({ randomBytes }: Services): (error: Error, c: Context<Env>) => Response {
  return (error, c) => {
    const { code, message, status, refusal } = frontendErrorOf(error);
    c.set('refusal', refusal);
    c.set('refusalCode', code);
    return c.json({ code, type: code, message, request_id: newUuid(randomBytes) }, status);
  };
}

/** Management body: `{code, status, message}`, where `status` is a word. */
export function answerManagement(): (error: Error, c: Context<Env>) => Response {
  return (error, c) => {
    const { code, message, status } = managementErrorOf(error);
    c.set('refusal', message);
    c.set('refusalCode', code);
    return c.json({ code, status: STATUS_WORDS[status], message }, status);
  };
}

function frontendErrorOf(error: Error): FrontendError {
  if (error instanceof BodyError) return new FrontendError('bad_request', error.message, `${error.message}.`);
  if (error instanceof FrontendError) return error;
  throw error;
}

function managementErrorOf(error: Error): ManagementError {
  if (error instanceof BodyError) return new ManagementError(400, 'invalid_request', `${error.message}.`);
  if (error instanceof ManagementError) return error;
  throw error;
}
