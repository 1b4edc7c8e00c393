/** One-time codes by email and SMS: sent, sent again, checked, used once. */
import { timingSafeEqual } from 'node:crypto';
import { age, keyOf, type TenantPlace } from '../tenant-place.js';
import { drawCode, newUuid } from '../randomness.js';
import { aliasOf, canonicalOf, type Identity } from './credentials.js';
import { DynamicError } from './errors.js';
import { ago } from '../shown.js';
import { settingsOf, type Place } from './parts.js';

export type Channel = 'email' | 'sms';

/** Identities that a code can be sent to. */
export type Contact = Extract<Identity, { format: 'email' | 'phoneNumber' }>;

export type Purpose = 'login' | 'step-up' | 'register';

interface Verification {
  contact: Contact;
  code: string;
  /** Milliseconds on the age clock. */
  expiresAt: number;
  /** Used once, or tried too often. */
  over: 'used' | 'exhausted' | null;
}

/** A verification that is under way. */
export interface Pending {
  id: string;
  channel: Channel;
  contact: Contact;
}

const KIND = 'dynamic-verification';
/** Dynamic: a code of six digits. */
const CODE_LENGTH = 6;
/** Dynamic: so many codes for an address within this time. */
const SEND_WINDOW_MS = 600_000;
/** Records outlive their code, so that a late or second use is told for what it is. */
const KEPT_MS = 86_400_000;

/** Sends a code; returns the verification's UUID. Throws DynamicError `too_many_requests`. */
export async function startVerification(place: Place, contact: Contact, purpose: Purpose): Promise<string> {
  const id = newUuid(place.services.randomBytes);
  await countSend(place, contact);
  const fresh = await renew(place, contact);
  await place.services.state.put(keyOf(place, KIND, id), fresh, { expiresAt: fresh.expiresAt + KEPT_MS });
  await deliver(place, id, fresh, purpose);
  return id;
}

/** Sends another code in place of the old one. Throws DynamicError `too_many_requests` and what `findPending` throws. */
export async function resend(place: Place, pending: Pending, purpose: Purpose): Promise<void> {
  const { state } = place.services;
  const key = keyOf(place, KIND, pending.id);
  await countSend(place, pending.contact);
  for (;;) {
    const kept = await state.get<Verification>(key);
    if (!kept || kept.value.over) throw gone(pending.channel, 'one under way', 'one that is over');
    const fresh = await renew(place, pending.contact);
    if (!(await state.update(key, kept.version, fresh, { expiresAt: fresh.expiresAt + KEPT_MS }))) continue;
    return deliver(place, pending.id, fresh, purpose);
  }
}

/** A verification as it stands, without its code. */
export interface VerificationState {
  id: string;
  channel: Channel;
  to: string;
  /** Milliseconds on the age clock. */
  expiresAt: number;
  over: 'used' | 'exhausted' | null;
}

/** Every verification that is kept, also those that are over, oldest first. */
export async function listVerifications({ services, tenant }: TenantPlace): Promise<VerificationState[]> {
  const kept = await services.state.list<Verification>(tenant.id, KIND);
  return kept.map(({ id, value: { contact, expiresAt, over } }) => ({
    id,
    channel: channelOf(contact),
    to: aliasOf(contact),
    expiresAt,
    over,
  }));
}

/** A verification of this channel. Throws DynamicError `invalid_*_verification` or `too_many_*_verification_attempts`. */
export async function findPending(place: Place, channel: Channel, id: string): Promise<Pending> {
  const kept = await place.services.state.get<Verification>(keyOf(place, KIND, id));
  if (!kept || channelOf(kept.value.contact) !== channel) throw gone(channel, 'a known one', 'an unknown one');
  refuseOver(place, channel, kept.value);
  return { id, channel, contact: kept.value.contact };
}

/**
 * Uses a code up. An attempt is taken before the code is looked at, so that however many come at once no more than the limit are
 * compared; of several right ones at once, one is taken. Throws DynamicError `wrong_*_verification_token` and those of `findPending`.
 */
export async function spendCode(place: Place, { id, channel }: Pending, code: string): Promise<void> {
  const { state, settings } = place.services;
  const key = keyOf(place, KIND, id);
  const { otpAttempts: limit } = await settings(place.tenant.id);
  const kept = await state.get<Verification>(key);
  if (!kept) throw gone(channel, 'a known one', 'an unknown one');
  refuseOver(place, channel, kept.value);
  const { tooManyAttempts } = await place.services.scenario(place.tenant.id, aliasOf(kept.value.contact));
  if (tooManyAttempts) throw exhausted(channel);
  const counter = keyOf(place, 'dynamic-attempts', id);
  const { count, allowed } = await state.increment(counter, { limit, expiresAt: kept.value.expiresAt + KEPT_MS });
  if (!allowed) throw exhausted(channel);
  if (equal(kept.value.code, code)) {
    if (await state.update(key, kept.version, { ...kept.value, over: 'used' })) return;
    throw gone(channel, 'an unused one', 'one that is used');
  }
  if (count >= limit) await exhaust(place, id);
  throw new DynamicError(`wrong_${channel}_verification_token`, 'code: expected the one that was sent, got another');
}

async function exhaust(place: Place, id: string): Promise<void> {
  const { state } = place.services;
  const key = keyOf(place, KIND, id);
  for (;;) {
    const kept = await state.get<Verification>(key);
    if (!kept || kept.value.over || (await state.update(key, kept.version, { ...kept.value, over: 'exhausted' })))
      return;
  }
}

function refuseOver(place: Place, channel: Channel, { over, expiresAt }: Verification): void {
  if (over === 'exhausted') throw exhausted(channel);
  if (over === 'used') throw gone(channel, 'an unused one', 'one that is used');
  if (age(place) >= expiresAt)
    throw gone(channel, 'an unexpired one', `one that expired ${ago(age(place), expiresAt)}`);
}

async function countSend(place: Place, contact: Contact): Promise<void> {
  const { otpSends: limit } = await settingsOf(place);
  const key = keyOf(place, 'dynamic-sends', canonicalOf(contact));
  const { allowed } = await place.services.state.increment(key, { limit, expiresAt: age(place) + SEND_WINDOW_MS });
  if (!allowed)
    throw new DynamicError('too_many_requests', `codes: expected at most ${limit} in ten minutes, got more`);
}

async function renew(place: Place, contact: Contact): Promise<Verification> {
  const { otpLifetimeSeconds } = await place.services.settings(place.tenant.id);
  const expiresAt = age(place) + otpLifetimeSeconds * 1000;
  const code = await drawCode(place, aliasOf(contact), { length: CODE_LENGTH, only: true });
  return { contact, code, expiresAt, over: null };
}

function deliver(place: Place, id: string, { contact, code }: Verification, purpose: Purpose): Promise<void> {
  const channel = channelOf(contact);
  const message = { channel, to: aliasOf(contact), code, purpose, provider: 'dynamic', challengeId: id } as const;
  return place.services.deliver(place.tenant.id, { ...message, suppressed: false });
}

function channelOf({ format }: Contact): Channel {
  return format === 'email' ? 'email' : 'sms';
}

function gone(channel: Channel, expected: string, got: string): DynamicError {
  return new DynamicError(`invalid_${channel}_verification`, `verification: expected ${expected}, got ${got}`);
}

function exhausted(channel: Channel): DynamicError {
  const words = 'verification: expected one with attempts left, got none left';
  return new DynamicError(`too_many_${channel}_verification_attempts`, words);
}

function equal(one: string, other: string): boolean {
  const [left, right] = [Buffer.from(one), Buffer.from(other)];
  return left.length === right.length && timingSafeEqual(left, right);
}
