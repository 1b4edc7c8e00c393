/** A session as the store keeps it: the login's key and tokens, its open challenges, its grants. */
import * as v from 'valibot';
import { requestOptionsSchema } from '../../authenticator/passkey-options.js';
import { dpopKeySchema } from '../../http/dpop.js';
import { endedListSchema, startedSchema } from '../ended.js';
import { grantSchema } from '../grants.js';

const instant = v.pipe(v.string(), v.isoTimestamp());
const cookies = v.record(v.string(), v.string());

/** What proves that a code was asked for: `X-Verification-Token`, cookies, or both. */
const verificationSchema = v.object({ token: v.optional(v.string()), cookies });

const challengeSchema = v.object({
  /** The latest challenge token. */
  token: v.string(),
  startedAt: instant,
  expiresAt: instant,
  /** The code of the current step that was sent, if one was. */
  sent: v.optional(v.object({ at: instant, verification: verificationSchema })),
  /** What a passkey of the current step is to sign, as it came with the step. */
  passkey: v.optional(requestOptionsSchema),
  ...startedSchema,
});

const sessionSchema = v.object({
  key: dpopKeySchema,
  nonce: v.optional(v.string()),
  /** Seconds by which the service's clock is ahead of ours, as learnt from a refused proof. */
  skewSeconds: v.number(),
  refreshToken: v.optional(v.string()),
  /** Cookies that carry the refresh token where no header does. */
  refreshCookies: v.optional(cookies),
  accessToken: v.optional(v.string()),
  accessTokenExpiresAt: v.optional(instant),
  userId: v.string(),
  sessionId: v.string(),
  identifier: v.optional(v.string()),
  challenges: v.record(v.string(), challengeSchema),
  ended: endedListSchema,
  grants: v.array(grantSchema),
});

/** The whole record. */
export const recordSchema = v.object({
  version: v.literal(1),
  /** Which OTP login the service speaks: `/otp` or `/login/otp`. Outlives the session. */
  dialect: v.optional(v.picklist(['otp', 'login-otp'])),
  session: v.optional(sessionSchema),
});

export type Verification = v.InferOutput<typeof verificationSchema>;
export type OpenChallenge = v.InferOutput<typeof challengeSchema>;
export type Session = v.InferOutput<typeof sessionSchema>;
export type SessionRecord = v.InferOutput<typeof recordSchema>;
export type Dialect = NonNullable<SessionRecord['dialect']>;

/** What renews the session, as one text to compare by. */
export function refreshCredential({ refreshToken, refreshCookies }: Session): string {
  return refreshToken ?? JSON.stringify(refreshCookies ?? {});
}
