/** What always happens to an identity, whatever the test does: a pinned code, a late message, no message, a refusal. */
import type { State } from './state/interface.js';

/** One identity's scenario. What is absent is as for everybody else. */
export interface Scenario {
  /** The code of every message to it, instead of a random one. */
  code?: string | undefined;
  /** A message arrives so many seconds after it was sent, on the tenant's clock. */
  lateSeconds?: number | undefined;
  /** No message arrives; this is the reason that the inbox gives. */
  suppressed?: string | undefined;
  /** Every check of a code is refused for too many attempts, a right one as well. */
  tooManyAttempts?: boolean | undefined;
  /** Prelude: the verdict of every step-up request, without a call of the hook. */
  hookVerdict?: 'block' | undefined;
}

export interface Scenarios {
  /** The scenario of a phone number, an address, a wallet or a user's id; an empty one where nothing is said. */
  of(tenant: string, identity: string): Promise<Scenario>;
  set(tenant: string, identity: string, scenario: Scenario): Promise<void>;
}

const NONE: Scenario = Object.freeze({});

/** The scenarios of a state. */
export function createScenarios(state: State): Scenarios {
  const key = (tenant: string, identity: string) => ({ tenant, kind: 'scenario', id: canonicalIdentity(identity) });
  return {
    of: async (tenant, identity) => (await state.get<Scenario>(key(tenant, identity)))?.value ?? NONE,
    async set(tenant, identity, scenario) {
      await state.put(key(tenant, identity), scenario);
    },
  };
}

/** The form under which an identity is found; case does not count. */
export function canonicalIdentity(identity: string): string {
  return identity.toLowerCase();
}
