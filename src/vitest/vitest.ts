/**
 * `stepup/vitest`: tests with an emulator.
 *
 * ```ts
 * import { expect, test } from 'stepup/vitest';
 *
 * test('a transfer needs a code', async ({ tenant, inbox, clock }) => {
 *   const app = startApp({ domain: tenant.prelude.sessionDomain, managementUrl: tenant.prelude.managementUrl });
 *   await app.login('+33612345678', () => inbox.code({ to: '+33612345678' }));
 *   await clock.advance('6m');
 * });
 * ```
 *
 * Each worker of Vitest has one emulator, each test a tenant of its own at it; both are made when a test first asks for them. Under
 * `stepup emulator exec -- vitest` the tests use that emulator instead of starting others. Node trusts the emulator's https listener
 * only when `NODE_EXTRA_CA_CERTS` named its certificate as the process began, as under `emulator exec`; over http there is nothing to
 * trust.
 */
import { test as base, type TestAPI } from 'vitest';
import { findOrStart } from '../library/worker.js';
import type { EmulatorOptions } from '../library/start.js';
import type { Clock, ConnectedEmulator, Faults, Inbox, Tenant } from '../library/types.js';

declare module 'vitest' {
  interface ProvidedContext {
    /** What a configuration can say: it travels to the workers as data. */
    emulatorOptions: Omit<EmulatorOptions, 'onEvent' | 'onBug'>;
  }
}

export interface StepupFixtures {
  /**
   * How a worker's emulator is started: `test: { provide: { emulatorOptions: { seed: 'seed.yaml' } } }` in Vitest's configuration, or, from
   * Vitest 4.1 on, `test.extend({ emulatorOptions: [{ seed: 'seed.yaml' }, { scope: 'worker' }] })` in a suite.
   */
  emulatorOptions: EmulatorOptions;
  /** The worker's emulator. */
  emulator: ConnectedEmulator;
  /** The test's own application and environment, removed after it. */
  tenant: Tenant;
  /** What was sent to the tenant's users. */
  inbox: Inbox;
  /** The tenant's clock. */
  clock: Clock;
  /** What shall go wrong for the tenant. */
  faults: Faults;
}

/** Vitest's `test` with the fixtures above. */
export const test: TestAPI<StepupFixtures> = base.extend<StepupFixtures>({
  emulatorOptions: [{}, { scope: 'worker', injected: true }],
  emulator: [
    async ({ emulatorOptions }, use) => {
      const { emulator, stop } = await findOrStart(emulatorOptions);
      await use(emulator);
      await stop();
    },
    { scope: 'worker' },
  ],
  tenant: async ({ emulator }, use) => {
    const tenant = await emulator.tenants.create();
    await use(tenant);
    await tenant.delete();
  },
  inbox: async ({ tenant }, use) => use(tenant.inbox),
  clock: async ({ tenant }, use) => use(tenant.clock),
  faults: async ({ tenant }, use) => use(tenant.faults),
});

export { test as it };
export { afterAll, afterEach, beforeAll, beforeEach, describe, expect } from 'vitest';
export type * from '../library/types.js';
export type { EmulatorOptions };
