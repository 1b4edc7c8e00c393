/** `stepup/playwright` from the packed package, run by the real Playwright in a project of a user's, in a real Chromium. */
import { readFile } from 'node:fs/promises';
import { createServer as createPlainServer, type Server } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { packedProject, root, type Project } from '../library/package.js';
import { startEmulator } from '../../src/library/emulator.js';
import { findChromium, skipsWithoutChromium } from './support/chromium.js';

const judges = fileURLToPath(new URL('node_modules', import.meta.url));
let project: Project;

beforeAll(async () => {
  project = await packedProject();
  for (const name of ['@playwright/test', 'playwright', 'playwright-core']) await project.link(name, judges);
  await project.link('@types/node', `${root}/node_modules`);
});
afterAll(() => project.remove());

const CONFIG = (executablePath: string): string => `
  import { defineConfig } from '@playwright/test';
  export default defineConfig({
    workers: 2,
    fullyParallel: true,
    reporter: 'line',
    use: {
      appUrl: process.env.APP_URL,
      emulatorOptions: { seed: { settings: { strictScopes: false } } },
      launchOptions: { executablePath: ${JSON.stringify(executablePath)}, chromiumSandbox: false, args: ['--disable-gpu'] },
    },
  });
`;

const SUITE = `
  import { expect, test } from 'stepup/playwright';

  const phone = '+33612345678';

  for (const round of [1, 2]) {
    test('a login from a page over https, ' + round, async ({ page, emulator, tenant, inbox, clock, faults, browserName }) => {
      expect(browserName).toBe('chromium');
      expect(await inbox.messages()).toEqual([]);
      const base = 'https://' + tenant.prelude.sessionDomain;
      await page.goto('/start');
      expect(new URL(page.url())).toMatchObject({ protocol: 'https:', hostname: 'localhost', pathname: '/page' });
      const send = () => page.evaluate(async ({ base, phone }) => {
        const response = await fetch(base + '/v1/session/otp', {
          method: 'POST',
          credentials: 'include',
          headers: { 'Content-Type': 'application/json' },
          body: JSON.stringify({ identifier: { type: 'phone_number', value: phone } }),
        });
        return response.status;
      }, { base, phone });
      expect(await send()).toBe(204);
      expect(await inbox.code({ to: phone })).toMatch(/^\\d{6}$/);
      expect((await page.context().cookies(base)).length).toBe(1);
      expect((await clock.advance('6m')).offset).toBeCloseTo(360, 0);
      await faults.add({ do: { status: 503 } });
      expect(await send()).toBe(503);
      expect((await emulator.settings.get()).strictScopes).toBe(process.env.STEPUP_EMULATOR_URL !== undefined);
    });
  }

  test('no other bad certificate is taken', async ({ page }) => {
    await expect(page.goto(process.env.OTHER_URL)).rejects.toThrow('ERR_CERT_AUTHORITY_INVALID');
  });

  test.describe('unless it is asked for', () => {
    test.use({ ignoreHTTPSErrors: true });
    test('any is taken', async ({ page }) => {
      expect((await page.goto(process.env.OTHER_URL)).status()).toBe(200);
    });
  });
`;

test.skipIf(skipsWithoutChromium())(
  'fixtures: an emulator a worker, a tenant a test, a browser that trusts this certificate only; also under emulator exec',
  async () => {
    // A server with a bad certificate of its own: that of another emulator.
    const other = await startEmulator();
    const server = createServer({ key: await keyOf(other.caCert), cert: await readFile(other.caCert) }, (_, response) =>
      response.end('ok'),
    );
    // The page under test, with a redirect as a development server has them.
    const app = createPlainServer((request, response) => {
      if (request.url === '/page') response.setHeader('content-type', 'text/html').end('<p>the page</p>');
      else response.writeHead(302, { location: `http://${request.headers.host}/page` }).end();
    });
    await Promise.all([server, app].map((each) => new Promise<void>((up) => each.listen(0, '127.0.0.1', up))));
    const portOf = (each: Server): number => (each.address() as AddressInfo).port;
    const env = {
      OTHER_URL: `https://localhost:${portOf(server)}/`,
      APP_URL: `http://localhost:${portOf(app)}`,
      CI: '',
    };
    try {
      await project.write('playwright.config.js', CONFIG(findChromium()!));
      await project.write('suite.spec.js', SUITE);
      const playwright = ['node_modules/@playwright/test/cli.js', 'test'];
      const own = await project.node(playwright, env);
      expect(own.output).toContain('4 passed');
      expect(own.status).toBe(0);
      const exec = ['node_modules/stepup/bin/stepup.js', 'emulator', 'exec', '--', process.execPath];
      const under = await project.node([...exec, ...playwright], env);
      expect(under.output).toContain('4 passed');
      expect(under.status).toBe(0);
    } finally {
      for (const each of [server, app]) {
        each.close();
        each.closeAllConnections();
      }
      await other.stop();
    }
  },
  120_000,
);

test('TypeScript takes the fixtures with Playwright’s own types', async () => {
  await project.write(
    'use.ts',
    `import { expect, test } from 'stepup/playwright';
     test.use({ emulatorOptions: { seed: 'seed.yaml' }, viewport: { width: 1, height: 1 } });
     test('typed', async ({ page, tenant, inbox, emulator }) => {
       await page.goto(tenant.prelude.sessionDomain + emulator.url);
       const code: string = await inbox.code();
       await page.getByLabel('Code').fill(code);
       await expect(page.getByText('ok')).toBeVisible();
       // @ts-expect-error: no such fixture
       test('none', async ({ nothing }) => nothing);
     });`,
  );
  const compilerOptions = {
    module: 'nodenext',
    target: 'es2022',
    lib: ['es2023', 'dom', 'esnext.disposable'],
    types: ['node'],
    strict: true,
    noEmit: true,
    skipLibCheck: true,
  };
  await project.write('tsconfig.json', JSON.stringify({ compilerOptions, files: ['use.ts'] }));
  const tsc = `${root}/node_modules/typescript/bin/tsc`;
  expect(await project.node([tsc, '-p', '.'])).toEqual({ status: 0, output: '' });
});

/** The emulator keeps key and certificate together, beside the certificate alone. */
async function keyOf(certificate: string): Promise<Buffer> {
  return readFile(certificate.replace(/cert\.pem$/, 'tls.pem'));
}
