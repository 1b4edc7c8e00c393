/** What Dynamic answers, parsed at the door. Tolerant: what is not needed may be missing or of another shape. */
import * as v from 'valibot';

/** A field that is left out when it is of another shape. */
function maybe<Schema extends v.GenericSchema>(
  schema: Schema,
): v.GenericSchema<unknown, v.InferOutput<Schema> | undefined> {
  return v.fallback(v.optional(v.nullable(schema)), undefined);
}

const text = v.string();

/** Unix seconds up to the year 9999. */
const unixSeconds = v.pipe(v.number(), v.minValue(0), v.maxValue(253_402_300_799));

/** A verified credential; the names are the wire's. */
const credentialSchema = v.object({
  id: text,
  format: text,
  public_identifier: maybe(text),
  email: maybe(text),
  phoneNumber: maybe(text),
  phoneCountryCode: maybe(text),
  isoCountryCode: maybe(text),
  address: maybe(text),
  chain: maybe(text),
  wallet_provider: maybe(text),
  oauth_provider: maybe(text),
  oauth_display_name: maybe(text),
  signInEnabled: maybe(v.boolean()),
  verifiedAt: maybe(text),
});
export type WireCredential = v.InferOutput<typeof credentialSchema>;

/** SdkUser. */
export const userSchema = v.object({
  id: text,
  sessionId: maybe(text),
  email: maybe(text),
  phoneNumber: maybe(text),
  verifiedCredentials: v.array(credentialSchema),
});

/** VerifyResponse, and UpdateSelfResponse beside what it adds. `expiresAt` is in Unix seconds. */
export const verifySchema = v.object({
  minifiedJwt: maybe(v.pipe(text, v.nonEmpty())),
  expiresAt: maybe(unixSeconds),
  user: userSchema,
  elevatedAccessToken: maybe(v.pipe(text, v.nonEmpty())),
});
export type WireVerify = v.InferOutput<typeof verifySchema>;

export const elevatedSchema = v.object({ elevatedAccessToken: v.pipe(text, v.nonEmpty()) });

/** Answer of `…Verifications/create`. */
export const createdSchema = v.object({ verificationUUID: v.pipe(text, v.nonEmpty()) });

export const noncesSchema = v.object({
  nonces: v.pipe(v.array(v.pipe(text, v.regex(/^[\x21-\x7e]{1,256}$/))), v.minLength(1)),
});

/** Answer of `stepUp/check`. */
export const checkSchema = v.object({
  isRequired: v.boolean(),
  credentials: v.optional(v.array(v.object({ id: text, format: text, type: maybe(text), alias: maybe(text) })), []),
  defaultCredentialId: maybe(text),
});

const deviceSchema = v.object({
  id: text,
  type: maybe(text),
  verified: maybe(v.boolean()),
  default: maybe(v.boolean()),
  createdAt: maybe(text),
  verifiedAt: maybe(text),
  alias: maybe(text),
});
const passkeySchema = v.object({
  id: text,
  credentialId: text,
  createdAt: maybe(text),
  alias: maybe(text),
  default: maybe(v.boolean()),
});
/** Answer of `users/mfa/methods`. */
export const methodsSchema = v.object({
  devices: v.array(deviceSchema),
  passkeys: v.array(passkeySchema),
  userHasVerifiedMfaMethods: v.boolean(),
});
export type WireMethods = v.InferOutput<typeof methodsSchema>;

export const totpSchema = v.object({ id: text, secret: v.pipe(text, v.nonEmpty()), uri: text });

export const recoverySchema = v.object({ recoveryCodes: v.array(v.pipe(text, v.regex(/^[\x20-\x7e]+$/))) });

const on = v.object({ enabled: maybe(v.boolean()), provider: maybe(text) });
/** ProjectSettings, as far as a terminal needs them. */
export const settingsSchema = v.object({
  environmentName: maybe(text),
  general: maybe(v.object({ displayName: maybe(text) })),
  chains: maybe(v.array(v.object({ name: maybe(text), enabled: maybe(v.boolean()) }))),
  providers: maybe(v.array(v.object({ provider: maybe(text), enabledAt: maybe(text) }))),
  sdk: maybe(v.object({ minApiVersion: maybe(text) })),
  security: maybe(
    v.object({
      auth: maybe(v.object({ storage: maybe(v.array(text)) })),
      externalAuth: maybe(v.object({ enabled: maybe(v.boolean()), cookieName: maybe(text) })),
      captcha: maybe(on),
      hCaptcha: maybe(on),
      jwtDuration: maybe(v.object({ amount: v.number(), unit: text })),
      deviceRegistrationRequired: maybe(v.boolean()),
      environmentLocked: maybe(v.boolean()),
      mfa: maybe(
        v.object({
          enabled: maybe(v.boolean()),
          required: maybe(v.boolean()),
          availableMethods: maybe(v.array(text)),
          methods: maybe(v.array(v.object({ type: maybe(text), enabled: maybe(v.boolean()) }))),
          actions: maybe(
            v.array(
              v.object({
                action: text,
                required: maybe(v.boolean()),
                tokenBehavior: maybe(text),
                tokenExpirySeconds: maybe(v.number()),
              }),
            ),
          ),
        }),
      ),
    }),
  ),
});
export type WireSettings = v.InferOutput<typeof settingsSchema>;

/** Dynamic: an error's `error` is words, or, in an older form, an object with code and words. */
export const refusalSchema = v.object({
  error: maybe(v.union([text, v.object({ code: maybe(text), message: maybe(text) })])),
  code: maybe(text),
  message: maybe(text),
});
