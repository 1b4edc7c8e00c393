/** What the service's calls carry, parsed at the door. Names are the wire's. */
import * as v from 'valibot';
import { PasskeyAssertion } from './passkey-wire.js';
import { DispatchId, Token } from './wire-values.js';

/** Prelude: the form of a scope. */
export const SCOPE = /^[a-zA-Z0-9.\-_:]+$/;
/** Prelude: the form of a step's key. */
export const STEP_KEY = /^[a-zA-Z0-9._:-]+$/;

export const IdentifierType = v.picklist(['phone_number', 'email_address']);
export type IdentifierType = v.InferOutput<typeof IdentifierType>;

const Identifier = v.object({ type: IdentifierType, value: v.string() });
export type Identifier = v.InferOutput<typeof Identifier>;

/** A JSON object with free keys; valibot alone would take an array for one. */
const OpenObject = v.pipe(
  v.unknown(),
  v.check((value) => !Array.isArray(value), 'an object'),
  v.record(v.string(), v.unknown()),
);
const Code = v.pipe(v.string(), v.regex(/^\d{4,8}$/, '4 to 8 digits'));
const Scope = v.pipe(v.string(), v.regex(SCOPE, 'a scope of the form [a-zA-Z0-9.-_:]+'));

/** RFC 7636 §4.2: an S256 challenge. */
const CodeChallenge = v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{43}$/, 'a SHA-256 digest in base64url'));

/** Scopes that a login attaches to its session. */
export const GrantedScopes = v.pipe(v.array(Scope, 'a list of scopes'), v.maxLength(100, 'at most 100 scopes'));

/** `POST /login/otp` */
export const LoginOtp = v.object({
  identifier: Identifier,
  login_config_id: v.optional(v.string()),
  dispatch_id: DispatchId,
});

/** `POST /otp`: a login (`identifier`) or a step (`challenge_token`). */
export const Otp = v.pipe(
  v.object({
    identifier: v.optional(Identifier),
    challenge_token: v.optional(Token),
    code_challenge: v.optional(CodeChallenge),
    login_config_id: v.optional(v.string()),
    dispatch_id: DispatchId,
  }),
  v.check(
    (body) => (body.identifier === undefined) !== (body.challenge_token === undefined),
    'either identifier or challenge_token',
  ),
);

/** `POST /login/otp/check` and `POST /otp/check` */
export const OtpCheck = v.object({ code: Code, challenge_token: v.optional(Token) });

/** `POST /login/finalize` */
export const Finalize = v.object({
  challenge_token: Token,
  code_verifier: v.optional(v.pipe(v.string(), v.maxLength(256))),
});

/** `POST /refresh` */
export const Refresh = v.object({ step_up_token: v.optional(Token) });

/** `POST /stepup/request`; the limits of `metadata` have an error code of their own, so they are checked later. */
export const StepUpRequest = v.object({
  scope: Scope,
  metadata: v.optional(OpenObject),
  dispatch_id: DispatchId,
});

/** Characters of a password that are taken at all. */
const Password = v.pipe(
  v.string('a password'),
  v.minLength(1, 'a password'),
  v.maxLength(1024, 'at most 1024 characters'),
);

/** `POST /login/email/password` and `/login/email/sign-up` */
export const PasswordLogin = v.object({ identifier: v.string(), password: Password, dispatch_id: DispatchId });

/** `POST /me/password/reset`, and `users/{id}/password` of the management API */
export const PasswordReset = v.object({ password: Password });

/** `POST /login/oauth/{provider}/authorize` */
export const OAuthAuthorize = v.object({
  redirect_uri: v.pipe(v.string(), v.maxLength(2048)),
  code_challenge: CodeChallenge,
  code_challenge_method: v.literal('S256', 'S256'),
  dispatch_id: DispatchId,
});

/** `POST /stepup/continue`: a custom step (`verification_token`) or `verify_passkey` (`passkey_assertion`). */
export const StepUpContinue = v.pipe(
  v.object({
    challenge_token: Token,
    verification_token: v.optional(Token),
    passkey_assertion: v.optional(PasskeyAssertion),
  }),
  v.check(
    (body) => body.verification_token === undefined || body.passkey_assertion === undefined,
    'either verification_token or passkey_assertion',
  ),
);

/** `config/scopes` of the management API */
export const ScopeBody = v.object({ scope: Scope });

/** A login configuration for OTPs, as the management API takes it. */
export const LoginConfigBody = v.pipe(
  v.object({
    config_type: v.optional(v.literal('otp'), 'otp'),
    channel_type: v.picklist(['sms', 'email']),
    is_default: v.optional(v.boolean(), false),
    template_id: v.optional(v.string()),
    sender_id: v.optional(v.string()),
    granted_scopes: v.optional(GrantedScopes),
    // Prelude: the older form of one granted scope.
    grant_change_password: v.optional(v.boolean()),
    code_size: v.optional(v.pipe(v.number(), v.integer(), v.minValue(4), v.maxValue(8))),
  }),
  v.transform(({ grant_change_password: older, granted_scopes, ...body }) => {
    const scopes = granted_scopes ?? (older === true ? ['prld:pwd:write'] : undefined);
    return { ...body, ...(scopes === undefined ? {} : { granted_scopes: scopes }) };
  }),
);
export type LoginConfigBody = v.InferOutput<typeof LoginConfigBody>;

/** A user, as the management API takes it. */
export const UserBody = v.object({
  identifiers: v.pipe(v.array(Identifier), v.minLength(1), v.maxLength(20)),
  profile: v.optional(OpenObject),
  id: v.optional(v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{1,64}$/, 'at most 64 of A-Z, a-z, 0-9, _ and -'))),
});

/** `users/{id}/profile` of the management API */
export const ProfileBody = OpenObject;

/** `tokens` of the management API */
export const DevTokenBody = v.object({ claims: v.optional(OpenObject, {}) });

/** The identifier in the form under which it is looked up, or undefined when it is no E.164 number or address. */
export function canonicalIdentifier({ type, value }: Identifier): string | undefined {
  if (type === 'phone_number') return /^\+[1-9]\d{6,14}$/.test(value) ? `phone_number:${value}` : undefined;
  const address = value.length <= 320 && /^[^\s@]+@[^\s@]+\.[^\s@.]+$/.test(value);
  return address ? `email_address:${value.toLowerCase()}` : undefined;
}

/** What breaks Prelude's limits of `metadata` (5 entries, keys of 12, values of 32 characters), in words; undefined when nothing does. */
export function metadataFault(metadata: Record<string, unknown>, scope: string): string | undefined {
  const entries = Object.entries(metadata);
  if (entries.length > 5) return `metadata: expected at most 5 entries, got ${entries.length}`;
  const register = /^prld:(phone|email):register$/.test(scope);
  for (const [key, value] of entries) {
    const name = Array.from(key).length;
    if (name > 12) return `metadata key: expected at most 12 characters, got ${name}`;
    if (typeof value !== 'string') return `metadata.${key}: expected a string, got another type`;
    const limit = register && key === 'identifier' ? 320 : 32;
    const size = Array.from(value).length;
    if (size > limit) return `metadata.${key}: expected at most ${limit} characters, got ${size}`;
  }
  return undefined;
}
