/**
 * Rotation of the key that signs access tokens, one service's and each tenant's by itself. As in a real rotation the new key signs from
 * then on, and former ones stay published until what they have signed is over.
 */
import { newPem, signingKeyOf, type SigningKey } from './key-files.js';
import type { Services } from './services.js';
import type { State } from './state/interface.js';
import { SHARED } from './state/shared.js';

/** The keys that verify; the first one signs. */
export type KeyRing = readonly [SigningKey, ...SigningKey[]];

export interface Rotation {
  /** Learns what an emulator of the same store has rotated. */
  refresh(tenant: string): Promise<void>;
  /** The tenant's ring; `base` is the key with which the service began. */
  ring(tenant: string, base: SigningKey): KeyRing;
  /** Puts a new key first. `keptSeconds` (age clock): how long the former one is still published. */
  rotate(tenant: string, base: SigningKey, keptSeconds: number): Promise<void>;
}

/** A former key; `pem` is null for the one with which the service began. Milliseconds, age clock. */
interface Former {
  pem: string | null;
  until: number;
}

/** What is kept beside the tenants: a reset keeps signing keys, and no export shows them. */
interface Rotated {
  pem: string;
  former: Former[];
}

interface Ring {
  version: number;
  current: SigningKey;
  /** Newest first; no key: the one with which the service began. */
  former: { key: SigningKey | undefined; until: number }[];
}

/** Former keys that are published at most; the oldest goes first. */
const MAX_FORMER = 10;

const KIND = 'rotated-key';
const idOf = (provider: 'prelude' | 'dynamic', tenant: string): string => `${provider} ${tenant}`;

/** Lets a tenant's keys be those again with which the services began: for one that is removed. */
export async function forgetRotations(state: State, tenant: string): Promise<void> {
  for (const provider of ['prelude', 'dynamic'] as const) {
    await state.delete({ tenant: SHARED, kind: KIND, id: idOf(provider, tenant) });
  }
}

/** The rotation of `provider`'s key. */
export function createRotation({ state, clock, emit }: Services, provider: 'prelude' | 'dynamic'): Rotation {
  const rings = new Map<string, Ring>();
  const keyOf = (tenant: string) => ({ tenant: SHARED, kind: KIND, id: idOf(provider, tenant) });
  const parse = (pem: string): SigningKey => signingKeyOf('of the rotation', pem, 'rsa');

  const refresh = async (tenant: string): Promise<void> => {
    const kept = await state.get<Rotated>(keyOf(tenant));
    if (!kept) {
      rings.delete(tenant);
    } else if (rings.get(tenant)?.version !== kept.version) {
      const { pem, former } = kept.value;
      const keys = former.map(({ pem: old, until }) => ({ key: old === null ? undefined : parse(old), until }));
      rings.set(tenant, { version: kept.version, current: parse(pem), former: keys });
    }
  };
  const ring = (tenant: string, base: SigningKey): KeyRing => {
    const rotated = rings.get(tenant);
    if (!rotated) return [base];
    const now = clock.ageNow(tenant);
    const former = rotated.former.filter(({ until }) => now < until).map(({ key }) => key ?? base);
    return [rotated.current, ...former];
  };

  return {
    refresh,
    ring,
    async rotate(tenant, base, keptSeconds) {
      const pem = await newPem('rsa');
      for (;;) {
        const kept = await state.get<Rotated>(keyOf(tenant));
        const now = clock.ageNow(tenant);
        const old: Former = { pem: kept?.value.pem ?? null, until: now + keptSeconds * 1000 };
        const former = [old, ...(kept?.value.former ?? []).filter(({ until }) => now < until)].slice(0, MAX_FORMER);
        const next: Rotated = { pem, former };
        const written = kept
          ? await state.update(keyOf(tenant), kept.version, next)
          : await state.putIfAbsent(keyOf(tenant), next);
        if (written) break;
      }
      await refresh(tenant);
      const [current, last = base] = ring(tenant, base);
      await emit(tenant, 'state', { change: 'key-rotated', provider, kid: current.kid, formerKid: last.kid });
    },
  };
}
