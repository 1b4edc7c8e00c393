/** Prelude's error codes as our errors. Only this file knows them by name with their words. */
import * as v from 'valibot';
import {
  RefusedError,
  SessionError,
  UnreachableError,
  UsageError,
  type ErrorCode,
  type ErrorDetails,
  type StepupError,
} from '../../errors.js';
import { wireName } from '../../http/answer.js';
import type { HttpAnswer } from '../../http/client.js';
import { words, type Refusal } from '../refusal.js';
import { refusalSchema } from './wire.js';

/** What the caller was doing, for the words and the hint. */
export interface RefusalFacts {
  scope?: string | undefined;
}

/** The refusal in an answer of 400 or above; undefined for a success. `redact` takes secrets out of the service's words. */
export function refusalOf(answer: HttpAnswer, redact: (text: string) => string): Refusal | undefined {
  if (answer.status < 400) return undefined;
  const parsed = v.safeParse(refusalSchema, answer.json);
  const body = parsed.success ? parsed.output : {};
  return {
    status: answer.status,
    code: wireName(body.code),
    message: body.message === undefined ? undefined : words(redact(body.message)),
    requestId: wireName(body.request_id) ?? wireName(answer.headers.get('x-request-id')),
  };
}

/** Codes after which a challenge cannot be used any more. */
export const CHALLENGE_ENDING: ReadonlySet<string> = new Set([
  'invalid_challenge_token',
  'expired_challenge_token',
  'token_reused',
]);

/** Codes that refuse a verification token while the challenge goes on. */
export const VERIFICATION_REFUSALS: ReadonlySet<string> = new Set([
  'invalid_verification_token',
  'token_mismatch',
  'token_reused',
  'step_not_completed',
  'step_not_found',
  'step_bypassed',
]);

/** Whether a refusal of the refresh token means that the session has ended: any 401 that is not about the proof. */
export function endsSession({ status, code }: Refusal): boolean {
  return status === 401 && !/dpop/.test(code ?? '');
}

interface Entry {
  kind: new (code: ErrorCode, message: string, details?: ErrorDetails) => StepupError;
  code: ErrorCode;
  message: (facts: RefusalFacts) => string;
  hint?: (facts: RefusalFacts) => string;
  field?: string;
}

const refused = (
  code: ErrorCode,
  message: string | ((facts: RefusalFacts) => string),
  hint?: string | ((facts: RefusalFacts) => string),
): Entry => ({
  kind: RefusedError,
  code,
  message: typeof message === 'string' ? () => message : message,
  ...(hint === undefined ? {} : { hint: typeof hint === 'string' ? () => hint : hint }),
});

const CHALLENGE_OVER = refused(
  'CHALLENGE_OVER',
  'The challenge is over: it has expired, was used, or had too many wrong codes.',
  ({ scope }) => `Ask for the scope again with: stepup request ${scope ?? '<scope>'}`,
);
const RATE_LIMITED: Entry = {
  kind: UnreachableError,
  code: 'RATE_LIMITED',
  message: () => 'The service limits the rate of requests: try again later.',
};
const SESSION_OVER: Entry = {
  kind: SessionError,
  code: 'SESSION_OVER',
  message: () => 'The session is over: it has ended or was revoked.',
  hint: () => 'Log in again with: stepup login',
};
const named = (scope: string | undefined): string => (scope === undefined ? 'The scope' : `The scope ${scope}`);

/** How `scope add` allows Prelude's reserved scopes: no hook of the developer's decides about them. */
const RESERVED_FLAGS: Record<string, string> = {
  'prld:phone:register': ' --mode managed',
  'prld:email:register': ' --mode managed',
  'prld:pwd:write': ' --mode direct --step verify_sms (or verify_email)',
  'prld:passkey:write': ' --mode direct --step verify_sms (or verify_email)',
};

const TABLE: Record<string, Entry> = {
  unauthorized: SESSION_OVER,
  scope_not_allowed: refused(
    'SCOPE_NOT_ALLOWED',
    ({ scope }) => `${named(scope)} is not allowed on this application.`,
    ({ scope }) => `Allow it with: stepup scope add ${scope ?? '<scope>'}${RESERVED_FLAGS[scope ?? ''] ?? ''}`,
  ),
  not_configured: refused(
    'CONFIG_MISSING',
    'This application has no step-up configuration.',
    'Make one with: stepup config create',
  ),
  direct_scope_identifier_mismatch: refused(
    'REFUSED',
    ({ scope }) => `${named(scope)} has no entry that fits this user's identifiers.`,
    'See the entries with: stepup scope list',
  ),
  bad_check_code: refused(
    'CODE_WRONG',
    'The code is wrong, or no longer valid.',
    'Check the code, or have it sent again.',
  ),
  invalid_challenge_token: CHALLENGE_OVER,
  expired_challenge_token: CHALLENGE_OVER,
  token_reused: CHALLENGE_OVER,
  rate_limited: RATE_LIMITED,
  too_many_requests: RATE_LIMITED,
  invalid_metadata: {
    kind: UsageError,
    code: 'METADATA_INVALID',
    message: () => 'The service refuses the metadata.',
    field: 'metadata',
  },
  invalid_identifier: {
    kind: UsageError,
    code: 'METADATA_INVALID',
    message: () => 'The service refuses the phone number or email address to register.',
    hint: () => 'Check it for a typing error.',
    field: 'metadata.identifier',
  },
  identifier_already_exists: refused('REFUSED', 'The phone number or email address belongs to a user already.'),
  auth_blocked: refused('REFUSED', 'The service blocked this attempt.', 'See your application’s fraud rules.'),
  no_login_config: refused(
    'REFUSED',
    'The application cannot send codes over this channel.',
    'Turn OTP login on with: stepup login-config add --channel sms --default (or email)',
  ),
  passkey_not_configured: refused(
    'REFUSED',
    'The application has no passkeys, or no login with them.',
    "Turn them on in the service's dashboard. A new emulator has them on.",
  ),
  passkey_step_unavailable: refused(
    'REFUSED',
    'The user has no passkey for the step verify_passkey.',
    'Make one with: stepup passkey add',
  ),
  insufficient_balance: refused('REFUSED', 'The account has no balance left to send codes.', 'Top up the account.'),
  dpop_key_mismatch: refused(
    'REFUSED',
    "The session's key is not the one that the service knows.",
    'Log in again with: stepup login',
  ),
  invalid_verification_token: refused(
    'REFUSED',
    'The verification token is refused: signature, key id, times or a claim is wrong.',
    'It must be RS256, signed by a key of the jwks_url, with sub, challenge_id, key, status, jti, iat, nbf, exp.',
  ),
  token_mismatch: refused('REFUSED', 'The token belongs to another user, session or challenge.'),
  step_not_completed: refused(
    'REFUSED',
    'The step is not completed.',
    "The verification token's status must be completed.",
  ),
  step_not_found: refused('REFUSED', 'The verification token is for a step that this challenge does not have.'),
  step_bypassed: refused('REFUSED', "The verification token is for a step that is not this challenge's turn."),
};

/** The refusal as an error of ours, with the service's code and request id. */
export function refusalError(refusal: Refusal, facts: RefusalFacts = {}): StepupError {
  const { status, code, requestId } = refusal;
  const details: ErrorDetails = { status, serviceCode: code, requestId };
  const entry =
    (code && Object.hasOwn(TABLE, code) ? TABLE[code] : undefined) ?? (endsSession(refusal) ? SESSION_OVER : undefined);
  if (entry) {
    return new entry.kind(entry.code, entry.message(facts), {
      ...details,
      hint: entry.hint?.(facts),
      field: entry.field,
    });
  }
  const said = refusal.message ? `: ${refusal.message.replace(/\.$/, '')}` : '';
  return new RefusedError('REFUSED', `The service refused${said} (${code ?? `status ${status}`}).`, details);
}

/** RefusedError CHALLENGE_OVER for a challenge that ended here, by the clock. */
export function challengeOver(facts: RefusalFacts): StepupError {
  return new RefusedError(CHALLENGE_OVER.code, CHALLENGE_OVER.message(facts), { hint: CHALLENGE_OVER.hint?.(facts) });
}

/** RefusedError CLOCK_SKEW. `offset` is how many seconds the service's clock is ahead of ours. */
export function clockSkew(offset: number, refusal: Refusal): RefusedError {
  const side = offset > 0 ? 'behind' : 'ahead of';
  return new RefusedError('CLOCK_SKEW', `This machine's clock is ${inWords(Math.abs(offset))} ${side} the service's.`, {
    hint: 'Set the clock right (turn on time synchronisation), then try again.',
    status: refusal.status,
    serviceCode: refusal.code,
    requestId: refusal.requestId,
  });
}

function inWords(seconds: number): string {
  const [size, unit] =
    seconds < 90
      ? [1, 'second']
      : seconds < 5400
        ? [60, 'minute']
        : seconds < 129_600
          ? [3600, 'hour']
          : [86_400, 'day'];
  const count = Math.round(seconds / size);
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}
