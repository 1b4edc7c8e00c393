/** The service's own error bodies, statuses and codes. */
import type { Context } from 'hono';
import type { Variables } from '../services.js';
import { BodyError } from '../json-body.js';

/** Context of every route of this service. */
export type Env = { Variables: Variables };

type Status = 400 | 401 | 403 | 404 | 422 | 429 | 501;

/** Dynamic: error codes, with the HTTP status and the words that go with each. */
const CODES = {
  bad_request: [400, 'The request is malformed'],
  unauthorized: [401, 'Unauthorized'],
  invalid_device_signature: [401, 'The device signature is not valid'],
  totp_already_registered: [401, 'The user has a verified TOTP device'],
  elevated_access_token_required: [403, 'Elevated access token required'],
  elevated_access_token_invalid: [403, 'Elevated access token is not valid'],
  elevated_access_token_expired: [403, 'Elevated access token has expired'],
  mfa_required: [403, 'The user must step up with a registered MFA method'],
  embedded_wallet_not_allowed: [403, 'An embedded wallet cannot be used to step up'],
  not_found: [404, 'Not found'],
  environment_not_found: [404, 'Environment not found'],
  wrong_email_verification_token: [422, 'Wrong verification token'],
  wrong_sms_verification_token: [422, 'Wrong verification token'],
  invalid_email_verification: [422, 'The email verification is not valid'],
  invalid_sms_verification: [422, 'The SMS verification is not valid'],
  too_many_email_verification_attempts: [422, 'Too many attempts'],
  too_many_sms_verification_attempts: [422, 'Too many attempts'],
  invalid_verification: [422, 'The proof is not valid'],
  invalid_email: [422, 'The email address is not valid'],
  invalid_phone: [422, 'The phone number is not valid'],
  invalid_scopes: [422, 'A requested scope is not known'],
  invalid_session_public_key: [422, 'The session public key is not valid'],
  invalid_external_auth: [422, 'The external authentication token is not valid'],
  invalid_wallet_address: [422, 'The wallet address is not valid'],
  forbidden_unlink_request: [422, 'Cannot remove an embedded wallet from a user using this unlink method'],
  invalid_unlink_request: [422, 'There is no such credential to unlink'],
  credential_not_enabled_for_sign_in: [422, 'The credential is not enabled for sign-in'],
  cannot_delete_last_sign_in_verified_credential: [422, 'The last credential for sign-in cannot be removed'],
  merge_accounts_invalid: [422, 'The credential belongs to another user'],
  reassign_wallet_confirm: [422, 'The wallet belongs to another user'],
  mfa_device_not_found: [422, 'There is no such MFA device'],
  mfa_invalid_code: [422, 'The code is not valid'],
  passkey_not_found: [422, 'There is no such passkey'],
  max_passkeys_per_user: [422, 'The user has as many passkeys as allowed'],
  mfa_rate_limited: [429, 'Too many wrong codes; try again later'],
  too_many_requests: [429, 'Too many codes were sent; try again later'],
  not_emulated: [501, 'The emulator does not have this call'],
} as const satisfies Record<string, readonly [Status, string]>;

export type DynamicCode = keyof typeof CODES;

/** A refusal. `refusal` says why, for the event log only; it never holds a code, a token or a key. */
export class DynamicError extends Error {
  readonly status: Status;

  constructor(
    readonly code: DynamicCode,
    readonly refusal: string,
    message?: string,
  ) {
    super(message ?? CODES[code][1]);
    this.name = 'DynamicError';
    this.status = CODES[code][0];
  }
}

/** Dynamic: `{"error":"text","code":"…"}`. An error that is no refusal is a fault of ours: it goes on to the host. */
export function answerRefusal(error: Error, c: Context<Env>): Response {
  const { code, message, status, refusal } = refusalOf(error);
  c.set('refusal', refusal);
  c.set('refusalCode', code);
  return c.json({ error: message, code }, status);
}

function refusalOf(error: Error): DynamicError {
  if (error instanceof BodyError) return new DynamicError('bad_request', error.message, error.message);
  if (error instanceof DynamicError) return error;
  throw error;
}
