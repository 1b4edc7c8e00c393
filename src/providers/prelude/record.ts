/** A session as the store keeps it: the login's key and tokens, its open challenges, its grants. */
import * as v from 'valibot';
import { FailedError } from '../../errors.js';
import { dpopKeySchema } from '../../http/dpop.js';
import type { JsonObject } from '../../store/store.js';

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
});

const grantSchema = v.object({
  scopes: v.array(v.string()),
  token: v.string(),
  expiresAt: instant,
  grantedAt: instant,
  singleUse: v.boolean(),
  mode: v.optional(v.string()),
  factors: v.array(v.string()),
  challengeId: v.optional(v.string()),
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
  grants: v.array(grantSchema),
});

const recordSchema = v.object({
  version: v.literal(1),
  /** Which OTP login the service speaks: `/otp` or `/login/otp`. Outlives the session. */
  dialect: v.optional(v.picklist(['otp', 'login-otp'])),
  session: v.optional(sessionSchema),
});

export type Verification = v.InferOutput<typeof verificationSchema>;
export type OpenChallenge = v.InferOutput<typeof challengeSchema>;
export type StoredGrant = v.InferOutput<typeof grantSchema>;
export type Session = v.InferOutput<typeof sessionSchema>;
export type SessionRecord = v.InferOutput<typeof recordSchema>;
export type Dialect = NonNullable<SessionRecord['dialect']>;

/** What the store has, as a record. Throws FailedError STORE_NEWER or STORE_CORRUPTED; `host` names the session in it. */
export function readRecord(json: JsonObject | undefined, host: string): SessionRecord {
  if (json === undefined) return { version: 1 };
  const parsed = v.safeParse(recordSchema, json);
  if (parsed.success) return parsed.output;
  if (typeof json['version'] === 'number' && json['version'] > 1) {
    throw new FailedError('STORE_NEWER', `The stored session at ${host} was written by a newer version of stepup.`, {
      hint: 'Update stepup, or set STEPUP_HOME to another folder.',
    });
  }
  throw new FailedError('STORE_CORRUPTED', `The stored session at ${host} cannot be read.`, {
    hint: 'Replace it by logging in again: stepup login',
  });
}

/** The record as the store takes it; undefined when there is nothing worth keeping. */
export function writeRecord(record: SessionRecord): JsonObject | undefined {
  // The current dialect is what is tried first anyway.
  if (!record.session && record.dialect !== 'login-otp') return undefined;
  return JSON.parse(JSON.stringify(record)) as JsonObject;
}

/** What renews the session, as one text to compare by. */
export function refreshCredential({ refreshToken, refreshCookies }: Session): string {
  return refreshToken ?? JSON.stringify(refreshCookies ?? {});
}

/** ISO 8601 in UTC of milliseconds since the epoch. */
export function iso(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}

/** Whether an ISO instant has passed, `marginMs` milliseconds early. `now` is in milliseconds. */
export function hasPassed(instantText: string, now: number, marginMs = 0): boolean {
  return Date.parse(instantText) - marginMs <= now;
}
