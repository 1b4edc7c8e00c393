/** What the service's calls carry, parsed at the door. Names are the wire's. */
import * as v from 'valibot';

/** Prelude: the form of a scope. */
export const SCOPE = /^[a-zA-Z0-9.\-_:]+$/;
/** Prelude: the form of a step's key. */
export const STEP_KEY = /^[a-zA-Z0-9._:-]+$/;

export const IdentifierType = v.picklist(['phone_number', 'email_address']);
export type IdentifierType = v.InferOutput<typeof IdentifierType>;

const Identifier = v.object({ type: IdentifierType, value: v.string() });
export type Identifier = v.InferOutput<typeof Identifier>;

const DispatchId = v.optional(v.pipe(v.string(), v.maxLength(64)));
/** A JSON object with free keys; valibot alone would take an array for one. */
const OpenObject = v.pipe(
  v.unknown(),
  v.check((value) => !Array.isArray(value), 'an object'),
  v.record(v.string(), v.unknown()),
);
const Token = v.pipe(v.string(), v.minLength(1), v.maxLength(16 * 1024));
const Code = v.pipe(v.string(), v.regex(/^\d{4,8}$/, '4 to 8 digits'));
const Scope = v.pipe(v.string(), v.regex(SCOPE, 'a scope of the form [a-zA-Z0-9.-_:]+'));

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
    code_challenge: v.optional(v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{43}$/, 'a SHA-256 digest in base64url'))),
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

/** `POST /stepup/continue` */
export const StepUpContinue = v.object({
  challenge_token: Token,
  verification_token: v.optional(Token),
  passkey_assertion: v.optional(v.looseObject({})),
});

/** `config/scopes` of the management API */
export const ScopeBody = v.object({ scope: Scope });

/** A login configuration for OTPs, as the management API takes it. */
export const LoginConfigBody = v.object({
  config_type: v.optional(v.literal('otp'), 'otp'),
  channel_type: v.picklist(['sms', 'email']),
  is_default: v.optional(v.boolean(), false),
  template_id: v.optional(v.string()),
  sender_id: v.optional(v.string()),
  granted_scopes: v.optional(v.array(Scope)),
  code_size: v.optional(v.pipe(v.number(), v.integer(), v.minValue(4), v.maxValue(8))),
});
export type LoginConfigBody = v.InferOutput<typeof LoginConfigBody>;

/** A user, as the management API takes it. */
export const UserBody = v.object({
  identifiers: v.pipe(v.array(Identifier), v.minLength(1), v.maxLength(20)),
  profile: v.optional(OpenObject),
  id: v.optional(v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{1,64}$/, 'at most 64 of A-Z, a-z, 0-9, _ and -'))),
});

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
