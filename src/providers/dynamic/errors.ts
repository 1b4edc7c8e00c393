/** Dynamic's error codes as our errors. Only this file knows them by name with their words. */
import * as v from 'valibot';
import { RefusedError, SessionError, type ErrorCode, type ErrorDetails, type StepupError } from '../../errors.js';
import { wireName } from '../../http/answer.js';
import type { HttpAnswer } from '../../http/client.js';
import { words, type Refusal } from '../refusal.js';
import { refusalSchema } from './wire.js';

/** The refusal in an answer of 400 or above; undefined for a success. `redact` takes secrets out of the service's words. */
export function refusalOf(answer: HttpAnswer, redact: (text: string) => string): Refusal | undefined {
  if (answer.status < 400) return undefined;
  const parsed = v.safeParse(refusalSchema, answer.json);
  const { error, code, message } = parsed.success ? parsed.output : {};
  const inner = typeof error === 'object' ? error : { message: error };
  const said = inner.message ?? message;
  return {
    status: answer.status,
    code: wireName(code ?? ('code' in inner ? inner.code : undefined)),
    message: said === undefined ? undefined : words(redact(said)),
    requestId: wireName(answer.headers.get('x-request-id')),
  };
}

/** What the caller was doing, for the words and the hint. */
export interface RefusalFacts {
  /** Scopes that are asked for, or that the call demands. */
  scopes?: string[] | undefined;
  /** True for a proof by re-authentication, which the service refuses once there is MFA. */
  reauth?: boolean | undefined;
  /** True for a call that an elevated token goes with. */
  gated?: boolean | undefined;
}

/** Codes after which a code that was sent cannot be used any more. */
const OVER: ReadonlySet<string> = new Set([
  'invalid_email_verification',
  'invalid_sms_verification',
  'too_many_email_verification_attempts',
  'too_many_sms_verification_attempts',
  'too_many_verification_attempts',
]);

/** Codes that refuse one code while another one may be tried. */
const WRONG: ReadonlySet<string> = new Set([
  'wrong_email_verification_token',
  'wrong_sms_verification_token',
  'mfa_invalid_code',
]);

/** Whether another code may be tried. */
export function isWrongCode({ code }: Refusal): boolean {
  return WRONG.has(code ?? '');
}

/** Whether a challenge ends with this refusal: its code can no longer be right. */
export function endsChallenge({ code }: Refusal): boolean {
  return OVER.has(code ?? '');
}

/** Whether the service says that the session has ended. */
export function endsSession({ status, code }: Refusal): boolean {
  return status === 401 && code === 'unauthorized';
}

/** Whether it may mean that. Dynamic: a 401 need not have a code, and also refuses a second TOTP device, for one. */
export function mayEndSession({ status, code }: Refusal): boolean {
  return status === 401 && code === undefined;
}

type Words = [code: ErrorCode, message: string, hint?: string];

const TABLE: Record<string, Words> = {
  environment_not_found: [
    'APPLICATION_UNKNOWN',
    'The service knows no such environment.',
    'Check its id: stepup profile show',
  ],
  embedded_wallet_not_allowed: [
    'METHOD_REFUSED',
    'An embedded wallet cannot be used to step up: its key is the service’s, so its signature proves nothing about the person.',
    'Use another method: stepup request SCOPE --method email',
  ],
  credential_not_enabled_for_sign_in: [
    'METHOD_REFUSED',
    'This credential is not enabled for sign-in, so it cannot be used to step up.',
    'See which are with: stepup credential list',
  ],
  invalid_wallet_address: [
    'METHOD_REFUSED',
    'The wallet is not one of the user’s.',
    'Link it with: stepup wallet link',
  ],
  invalid_verification: [
    'REFUSED',
    'The service refused the proof.',
    'Check the origin that the environment allows: stepup profile show',
  ],
  invalid_external_auth: [
    'REFUSED',
    'The service refused the token of your backend.',
    'It must be signed by a key of the environment’s JWKS address, with sub and exp, and to step up with scope and a jti of its own.',
  ],
  mfa_device_not_found: ['REFUSED', 'The user has no such MFA method.', 'See them with: stepup mfa list'],
  passkey_not_found: ['REFUSED', 'The service knows no such passkey.', 'See them with: stepup passkey list'],
  totp_already_registered: [
    'REFUSED',
    'The user has a verified authenticator app already.',
    'Remove it first: stepup mfa remove ID',
  ],
  cannot_delete_last_sign_in_verified_credential: [
    'REFUSED',
    'This is the user’s last credential for sign-in; it stays.',
  ],
  reassign_wallet_confirm: ['REFUSED', 'The wallet belongs to another user.'],
  reassign_wallet_error: ['REFUSED', 'The wallet belongs to another user.'],
  merge_accounts_invalid: ['REFUSED', 'The credential belongs to another user.'],
  max_passkeys_per_user: ['REFUSED', 'The user has as many passkeys as the service allows.'],
  no_enabled_email_provider: [
    'REFUSED',
    'The environment sends no codes by email.',
    'Turn email sign-in on in the dashboard.',
  ],
  no_enabled_sms_provider: [
    'REFUSED',
    'The environment sends no codes by SMS.',
    'Turn SMS sign-in on in the dashboard.',
  ],
  sandbox_maximum_threshold_reached: ['REFUSED', 'The sandbox environment has as many users as it may have.'],
  invalid_device_signature: [
    'REFUSED',
    'The service refused the signature of this device.',
    'Log in again with: stepup login',
  ],
};

/** The refusal as an error of ours, with the service's code and request id. */
export function refusalError(refusal: Refusal, facts: RefusalFacts = {}): StepupError {
  const { status, code = '', requestId } = refusal;
  const scope = facts.scopes?.[0] ?? 'SCOPE';
  const details: ErrorDetails = { status, serviceCode: refusal.code, requestId };
  const refused = ([ours, message, hint]: Words): RefusedError => new RefusedError(ours, message, { ...details, hint });
  if (endsSession(refusal)) return sessionOver(details);
  if (WRONG.has(code)) return refused(['CODE_WRONG', 'The code is wrong, or no longer valid.']);
  if (OVER.has(code)) {
    return refused([
      'CHALLENGE_OVER',
      'The code can no longer be used: it has expired, was used, or had too many wrong tries.',
    ]);
  }
  if (code === 'invalid_scopes') {
    return refused([
      'SCOPE_NOT_ALLOWED',
      `The service knows no such scope: ${facts.scopes?.join(' ') ?? ''}`.trim(),
      'See the scopes with: stepup scope list',
    ]);
  }
  // No code of the service's says so; its words do.
  if (/captcha/i.test(`${code} ${refusal.message ?? ''}`)) return captchaRequired(details);
  const known = Object.hasOwn(TABLE, code) ? TABLE[code] : undefined;
  if (known) return refused(known);
  if (facts.gated && isAboutElevation(refusal)) return elevationRequired(scope, details);
  if (status === 403 && facts.reauth && isAbout(refusal, /mfa/i)) {
    return refused([
      'MFA_REQUIRED',
      'The user has an MFA method, so the service takes no re-authentication.',
      `Step up with it: stepup request ${scope} --method mfa`,
    ]);
  }
  const said = refusal.message ? `: ${refusal.message.replace(/\.$/, '')}` : '';
  return refused(['REFUSED', `The service refused${said} (${refusal.code ?? `status ${status}`}).`]);
}

/** Whether a refused call wants another elevated token, or one at all. Dynamic documents the words, and no code. */
export function isAboutElevation(refusal: Refusal): boolean {
  return refusal.status === 403 && isAbout(refusal, /elevated|step.?up/i);
}

/** A refusal without a code is about what it is expected to be about; one with a code, when code or words say so. */
function isAbout({ code, message = '' }: Refusal, subject: RegExp): boolean {
  return code === undefined || subject.test(`${code} ${message}`);
}

/** SessionError SESSION_OVER. */
export function sessionOver(details: ErrorDetails = {}): SessionError {
  return new SessionError('SESSION_OVER', 'The session is over: it has ended or was revoked.', {
    hint: 'Log in again with: stepup login',
    ...details,
  });
}

/** RefusedError ELEVATION_REQUIRED. */
function elevationRequired(scope: string, details: ErrorDetails = {}): RefusedError {
  return new RefusedError('ELEVATION_REQUIRED', `This needs an elevated token for ${scope}.`, {
    ...details,
    hint: `Get one with: stepup request ${scope}`,
  });
}

/** RefusedError CAPTCHA_REQUIRED. */
export function captchaRequired(details: ErrorDetails = {}): RefusedError {
  return new RefusedError(
    'CAPTCHA_REQUIRED',
    'The environment wants a captcha solved before it sends a code, which a terminal cannot.',
    {
      ...details,
      hint: 'Switch captcha off for a sandbox environment in the dashboard, or use a method without a code: --passkey, --wallet or --jwt at login, --method passkey, wallet or totp for a scope.',
    },
  );
}
