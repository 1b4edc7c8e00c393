/** What Prelude answers, parsed at the door. */
import * as v from 'valibot';
import { creationOptionsSchema, requestOptionsSchema } from '../../authenticator/passkey-options.js';

/** Unix seconds up to the year 9999. */
export const unixSeconds = v.pipe(v.number(), v.minValue(0), v.maxValue(253_402_300_799));

/** Answer of the login check, `/login/finalize` and `/refresh`. `expires_at` is in Unix seconds. */
export const mintedSchema = v.object({ access_token: v.pipe(v.string(), v.nonEmpty()), expires_at: unixSeconds });

/** Answer of `/otp/check` and `/stepup/continue`. */
export const advancedSchema = v.object({ challenge_token: v.pipe(v.string(), v.nonEmpty()) });

/** What comes with a step that a passkey is to sign. */
export const stepSchema = v.object({
  public_key_credential_request_options: v.fallback(v.optional(requestOptionsSchema), undefined),
});

/** Answer of `/stepup/request`. */
export const verdictSchema = v.object({
  status: v.picklist(['continue', 'review', 'block']),
  challenge_token: v.optional(v.pipe(v.string(), v.nonEmpty())),
});

/** Error body of the frontend API, and of the management API (which has `status` in place of `type`). */
export const refusalSchema = v.object({
  code: v.optional(v.fallback(v.optional(v.string()), undefined)),
  message: v.optional(v.fallback(v.optional(v.string()), undefined)),
  request_id: v.optional(v.fallback(v.optional(v.string()), undefined)),
});

/** Answer of `/login/oauth/{provider}/authorize`. */
export const authorizedSchema = v.object({
  authorization_url: v.pipe(v.string(), v.regex(/^https?:\/\/[\x21-\x7e]+$/)),
});

/** Answer of `/login/passkey/begin`. */
export const passkeyLoginSchema = v.object({
  public_key: requestOptionsSchema,
  login_token: v.pipe(v.string(), v.nonEmpty()),
});

/** Answer of `/me/passkeys/register/begin`. */
export const passkeyRegistrationSchema = v.object({
  public_key: creationOptionsSchema,
  registration_token: v.pipe(v.string(), v.nonEmpty()),
});

/** Characters of a kind, at least; a flag stands for one. */
const demanded = v.optional(
  v.pipe(
    v.union([v.number(), v.boolean()]),
    v.transform((value) => Number(value)),
  ),
  0,
);

/** Answer of `GET /password/compliancy`; `max_length` 0 means none. */
export const compliancySchema = v.object({
  min_length: v.optional(v.number(), 0),
  max_length: v.optional(v.number(), 0),
  uppercase: demanded,
  lowercase: demanded,
  numbers: demanded,
  symbols: demanded,
});

const text = v.optional(v.nullable(v.string()));
/** Answer of `GET /me/passkeys`. The path and its shape are not published. */
export const passkeysSchema = v.object({
  passkeys: v.array(
    v.object({ id: v.pipe(v.string(), v.nonEmpty()), nickname: text, created_at: text, last_used_at: text }),
  ),
});

/** Answer of `GET /me/list`. */
export const sessionsSchema = v.object({
  sessions: v.array(
    v.object({
      id: v.string(),
      device_model: text,
      device_type: text,
      os_version: text,
      country_code: text,
      created_at: text,
      last_seen_at: text,
      expires_at: text,
    }),
  ),
  total: v.optional(v.number()),
});
