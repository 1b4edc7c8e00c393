/**
 * `stepup/playwright`: browser tests with an emulator.
 *
 * ```ts
 * import { expect, test } from 'stepup/playwright';
 *
 * test('a transfer needs a code', async ({ page, tenant, inbox }) => {
 *   await page.goto(`/?domain=${tenant.prelude.sessionDomain}`);
 *   await page.getByLabel('Phone').fill('+33612345678');
 *   await page.getByRole('button', { name: 'Send' }).click();
 *   await page.getByLabel('Code').fill(await inbox.code({ to: '+33612345678' }));
 * });
 * ```
 *
 * Each worker has one emulator, each test a tenant of its own at it; both are made when a test first asks for them. Under `stepup
 * emulator exec -- playwright test` the tests use that emulator instead of starting others.
 *
 * **Trust.** Every browser trusts the emulator's certificate. Chromium trusts this one and no other bad one; Firefox and WebKit cannot
 * be told so, and take every certificate (`ignoreHTTPSErrors`), unless the configuration says otherwise. `request`, which is no browser,
 * reaches the emulator over http: `emulator.url`.
 *
 * **Cookies.** Prelude's SDK speaks to the emulator over https, and knows a login under way by a cookie. A page on `http://localhost`
 * and the emulator on `https://localhost` are different sites (the scheme counts, the port does not), so to that page the cookie is a
 * third party's. Chromium drops it in a private window, and every context of Playwright is one: the login then ends with an error
 * after the code was sent. On `https://localhost` (any port) both are one site, and nothing is dropped: serve the page under test there, or
 * name where it is with `use: { appUrl: 'http://localhost:5173' }`, and `page.goto('/')` opens it over https.
 * Chromium's headless shell, which Playwright installs, blocks no third-party cookies: there it works, in a real browser it does not.
 * Dynamic's client uses no cookies unless its cookie mode is on.
 */
import { readFile } from 'node:fs/promises';
import {
  test as base,
  type PlaywrightTestArgs,
  type PlaywrightTestOptions,
  type PlaywrightWorkerArgs,
  type PlaywrightWorkerOptions,
  type TestType,
} from '@playwright/test';
import type { EmulatorOptions } from '../library/start.js';
import type { Clock, ConnectedEmulator, Faults, Inbox, Tenant } from '../library/types.js';
import { findOrStart } from '../library/worker.js';
import { serveOverHttps, type HttpsFront } from './https-front.js';
import { trustSwitch } from './trust.js';

export interface StepupTestFixtures {
  /** The test's own application and environment, removed after it. */
  tenant: Tenant;
  /** What was sent to the tenant's users. */
  inbox: Inbox;
  /** The tenant's clock. */
  clock: Clock;
  /** What shall go wrong for the tenant. */
  faults: Faults;
}

export interface StepupWorkerFixtures {
  /** How a worker's emulator is started: `use: { emulatorOptions: { seed: 'seed.yaml' } }` in the configuration. */
  emulatorOptions: EmulatorOptions;
  /** The worker's emulator. */
  emulator: ConnectedEmulator;
  /**
   * Where the page under test is served over plain http. It is then also on `https://localhost`, which becomes `baseURL`, so that the page
   * and the emulator are one site (see "Cookies" above).
   */
  appUrl: string | undefined;
  /** The page under test over https; undefined without `appUrl`. */
  appOverHttps: HttpsFront | undefined;
}

/** Playwright's `test` with the fixtures above, and a browser that trusts the emulator. */
export const test: TestType<
  PlaywrightTestArgs & PlaywrightTestOptions & StepupTestFixtures,
  PlaywrightWorkerArgs & PlaywrightWorkerOptions & StepupWorkerFixtures
> = base.extend<StepupTestFixtures, StepupWorkerFixtures>({
  emulatorOptions: [{}, { scope: 'worker', option: true }],
  emulator: [
    async ({ emulatorOptions }, use) => {
      const { emulator, stop } = await findOrStart(emulatorOptions);
      await use(emulator);
      await stop();
    },
    { scope: 'worker' },
  ],
  appUrl: [undefined, { scope: 'worker', option: true }],
  appOverHttps: [
    async ({ appUrl }, use) => {
      const front = appUrl === undefined ? undefined : await serveOverHttps(appUrl);
      await use(front);
      await front?.close();
    },
    { scope: 'worker' },
  ],
  baseURL: async ({ baseURL, appOverHttps }, use) => use(appOverHttps?.url ?? baseURL),
  launchOptions: [
    async ({ launchOptions, browserName, emulator: { caCert }, appOverHttps }, use) => {
      const certificates = caCert === '' ? [] : [await readFile(caCert, 'utf8')];
      if (appOverHttps) certificates.push(appOverHttps.certificate);
      const trusting = browserName === 'chromium' && certificates.length > 0;
      const args = [...(launchOptions.args ?? []), ...(trusting ? [trustSwitch(certificates)] : [])];
      await use({ ...launchOptions, args });
    },
    { scope: 'worker' },
  ],
  ignoreHTTPSErrors: async ({ ignoreHTTPSErrors, browserName }, use) => {
    // Playwright's own default is undefined, whatever its type says.
    const given: boolean | undefined = ignoreHTTPSErrors;
    await use(given ?? browserName !== 'chromium');
  },
  tenant: async ({ emulator }, use) => {
    const tenant = await emulator.tenants.create();
    await use(tenant);
    await tenant.delete();
  },
  inbox: async ({ tenant }, use) => use(tenant.inbox),
  clock: async ({ tenant }, use) => use(tenant.clock),
  faults: async ({ tenant }, use) => use(tenant.faults),
});

export { expect } from '@playwright/test';
export type * from '../library/types.js';
export type { EmulatorOptions, HttpsFront };
