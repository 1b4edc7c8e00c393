/** One-time codes: sent, sent again, checked. Found by their verification token, or by the challenge that they prove. */
import { timingSafeEqual } from 'node:crypto';
import { age, keyOf, type TenantPlace } from '../tenant-place.js';
import { drawCode } from '../randomness.js';
import { FrontendError } from './errors.js';
import type { Place } from './parts.js';
import { digest, newId, newSecret } from './randomness.js';
import type { Identifier } from './wire.js';

/** What a code is for. */
export type Purpose =
  | {
      type: 'login';
      identifier: Identifier;
      codeChallenge: string | null;
      grantedScopes: string[];
      /** The OAuth login whose address the code confirms. */
      linkId?: string | undefined;
    }
  /** `registers`: the code goes to an identifier that is not the user's yet. */
  | { type: 'step-up'; challengeId: string; step: number; registers?: boolean };

export interface Verification {
  id: string;
  purpose: Purpose;
  channel: 'sms' | 'email';
  to: string;
  codeSize: number;
  code: string;
  /** Milliseconds on the age clock. */
  expiresAt: number;
  /** Right code given, or attempts used up. */
  over: boolean;
}

/** What a code turned out to be. `last`: a wrong one that used up the last attempt. */
export type Attempt = 'right' | 'wrong' | 'last' | 'expired' | 'over';

/** Records outlive their code, so that a late code is told wrong and not unknown. */
const KEPT_MS = 86_400_000;

/**
 * Sends a new code; returns the token under which its verification is found. A step has one verification, so a new code makes
 * the old one void.
 */
export async function startVerification(
  place: Place,
  wish: { purpose: Purpose; channel: 'sms' | 'email'; to: string; codeSize: number },
): Promise<{ token: string; seconds: number }> {
  const { services, tenant } = place;
  const { otpLifetimeSeconds: seconds } = await services.settings(tenant.id);
  const id = wish.purpose.type === 'step-up' ? wish.purpose.challengeId : newId('ver', services.randomBytes);
  const verification: Verification = { ...wish, id, code: '', expiresAt: 0, over: false };
  const renewed = await renew(place, verification, seconds);
  await services.state.put(keyOf(place, 'prelude-verification', id), renewed, {
    expiresAt: renewed.expiresAt + KEPT_MS,
  });
  const token = newSecret(services.randomBytes);
  const pointer = keyOf(place, 'prelude-verification-token', digest(token));
  await services.state.put(pointer, id, { expiresAt: renewed.expiresAt + KEPT_MS });
  await deliver(place, renewed);
  return { token, seconds };
}

/** The verification of a token. */
export async function findVerification(place: TenantPlace, token: string): Promise<Verification | undefined> {
  const pointer = await place.services.state.get<string>(keyOf(place, 'prelude-verification-token', digest(token)));
  return pointer && verificationOf(place, pointer.value);
}

/** A verification by id; for a step that is the challenge's id. */
export async function verificationOf(place: TenantPlace, id: string): Promise<Verification | undefined> {
  return (await place.services.state.get<Verification>(keyOf(place, 'prelude-verification', id)))?.value;
}

/** Sends another code in place of the old one, with the attempts that are left. False when the verification is over or gone. */
export async function resend(place: Place, id: string): Promise<boolean> {
  const { state, settings } = place.services;
  const { otpLifetimeSeconds } = await settings(place.tenant.id);
  const key = keyOf(place, 'prelude-verification', id);
  for (;;) {
    const kept = await state.get<Verification>(key);
    if (!kept || kept.value.over) return false;
    const renewed = await renew(place, kept.value, otpLifetimeSeconds);
    if (!(await state.update(key, kept.version, renewed, { expiresAt: renewed.expiresAt + KEPT_MS }))) continue;
    await deliver(place, renewed);
    return true;
  }
}

/**
 * Tries a code. An attempt is taken before the code is looked at, so that however many come at once no more than the limit are
 * compared. Of several right ones at once for a login, one is `right`; for a step, its challenge lets one pass. Throws FrontendError
 * `rate_limited` where the identity's scenario says so.
 */
export async function tryCode(place: Place, id: string, code: string): Promise<Attempt> {
  const { state, settings } = place.services;
  const key = keyOf(place, 'prelude-verification', id);
  const kept = await state.get<Verification>(key);
  if (!kept || kept.value.over) return 'over';
  if (age(place) >= kept.value.expiresAt) return 'expired';
  if ((await place.services.scenario(place.tenant.id, kept.value.to)).tooManyAttempts) {
    throw new FrontendError(
      'rate_limited',
      'codes: expected an identity with attempts left, got one whose scenario has none',
    );
  }
  const { otpAttempts: limit } = await settings(place.tenant.id);
  const step = kept.value.purpose.type === 'step-up' ? kept.value.purpose.step : 0;
  const counter = keyOf(place, 'prelude-attempts', `${id}:${step}`);
  const { count, allowed } = await state.increment(counter, { limit, expiresAt: kept.value.expiresAt + KEPT_MS });
  if (!allowed) return 'over';
  if (equal(kept.value.code, code)) {
    if (kept.value.purpose.type === 'step-up') return 'right';
    return (await state.update(key, kept.version, { ...kept.value, over: true })) ? 'right' : 'over';
  }
  if (count < limit) return 'wrong';
  await close(place, id);
  return 'last';
}

async function close(place: Place, id: string): Promise<void> {
  const { state } = place.services;
  const key = keyOf(place, 'prelude-verification', id);
  for (;;) {
    const kept = await state.get<Verification>(key);
    if (!kept || kept.value.over || (await state.update(key, kept.version, { ...kept.value, over: true }))) return;
  }
}

async function renew(place: Place, verification: Verification, seconds: number): Promise<Verification> {
  const code = await drawCode(place, verification.to, { length: verification.codeSize });
  return { ...verification, code, expiresAt: age(place) + seconds * 1000 };
}

async function deliver(place: Place, { channel, to, code, purpose }: Verification): Promise<void> {
  await place.services.deliver(place.tenant.id, {
    channel,
    to,
    code,
    purpose: purpose.type === 'step-up' && purpose.registers ? 'register' : purpose.type,
    provider: 'prelude',
    challengeId: purpose.type === 'step-up' ? purpose.challengeId : null,
    suppressed: false,
  });
}

function equal(one: string, other: string): boolean {
  const [left, right] = [Buffer.from(one), Buffer.from(other)];
  return left.length === right.length && timingSafeEqual(left, right);
}
