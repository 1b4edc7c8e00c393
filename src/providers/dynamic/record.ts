/** A session at Dynamic as the store keeps it, and what outlives it: the device's key, nonces, the environment's settings. */
import * as v from 'valibot';
import { dpopKeySchema } from '../../http/dpop.js';
import type { CredentialKey, Store } from '../../store/store.js';
import { endedListSchema, startedSchema } from '../ended.js';
import { grantSchema } from '../grants.js';
import { createRecords as bindRecords, type Records as BoundRecords } from '../records.js';

const instant = v.pipe(v.string(), v.isoTimestamp());

/** A proven identity, as far as stepping up needs it. The phone's parts go back to the service as they came. */
const credentialSchema = v.object({
  id: v.string(),
  format: v.string(),
  label: v.optional(v.string()),
  email: v.optional(v.string()),
  phone: v.optional(v.object({ phoneCountryCode: v.string(), phoneNumber: v.string(), isoCountryCode: v.string() })),
  address: v.optional(v.string()),
  signInEnabled: v.boolean(),
  embedded: v.boolean(),
  verifiedAt: v.optional(v.string()),
});

const challengeSchema = v.object({
  /** Empty while no scope is named. */
  scopes: v.array(v.string()),
  key: v.picklist(['verify_email', 'verify_sms', 'verify_wallet', 'verify_passkey', 'verify_totp', 'verify_recovery']),
  /** The credential, device or passkey it is proved with. */
  using: v.optional(v.string()),
  startedAt: instant,
  expiresAt: instant,
  /** The code that was sent, if one was. */
  sent: v.optional(v.object({ at: instant, verificationUUID: v.string() })),
  ...startedSchema,
});

const sessionSchema = v.object({
  userId: v.string(),
  sessionId: v.string(),
  identifier: v.optional(v.string()),
  accessToken: v.string(),
  accessTokenExpiresAt: instant,
  key: dpopKeySchema,
  /** Dynamic: `signin_credential_id`. */
  signInCredentialId: v.optional(v.string()),
  credentials: v.array(credentialSchema),
  challenges: v.record(v.string(), challengeSchema),
  ended: endedListSchema,
  grants: v.array(grantSchema),
});

/** The whole record. */
export const recordSchema = v.object({
  version: v.literal(1),
  /** Signs nonces; the service knows the device by it. */
  device: v.optional(dpopKeySchema),
  /** What was last read of the environment's settings. */
  settings: v.optional(v.object({ captcha: v.optional(v.string()), readAt: instant })),
  nonces: v.optional(v.object({ values: v.array(v.string()), expiresAt: instant })),
  session: v.optional(sessionSchema),
});

export type StoredCredential = v.InferOutput<typeof credentialSchema>;
export type StoredChallenge = v.InferOutput<typeof challengeSchema>;
export type StepKey = StoredChallenge['key'];
export type Session = v.InferOutput<typeof sessionSchema>;
export type SessionRecord = v.InferOutput<typeof recordSchema>;
export type Records = BoundRecords<Session, SessionRecord>;

/** Binds a store to one environment's record. */
export function createRecords(store: Store, key: CredentialKey): Records {
  return bindRecords({ store, key, schema: recordSchema, outlives: ({ device }) => device !== undefined });
}
