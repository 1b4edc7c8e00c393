/** The example pages, used by hand in a real Chromium: each bundled and served by its own server.js, on its own address. */
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestEmulator, type TestEmulator } from '../support/emulator.js';
import { launchChromium, skipsWithoutChromium, type Browser } from './support/chromium.js';
import { copyExample, runExample, type Example, type RunningExample } from './support/example.js';

/** What a user does on a page: its texts, buttons and codes. */
interface Hand {
  page: Page;
  /** Waits for a text. */
  says(text: string): Promise<void>;
  press(button: string): Promise<void>;
  /** Types the newest code into the field, once there are so many messages to the recipient. */
  typeCode(to: string, count: number): Promise<void>;
}

async function addAuthenticatorApp({ page, says, press, typeCode }: Hand): Promise<void> {
  const email = 'ada@example.com';
  await page.getByLabel('Email').fill(email);
  await press('Send code');
  await typeCode(email, 1);
  await press('Check code');
  await says('Signed in.');
  await press('Add an authenticator app');
  await says(`A code is on its way to ${email}.`);
  await page.getByLabel('Code').fill('000000');
  await press('Check code');
  await page.getByRole('status').filter({ hasNotText: 'on its way' }).waitFor();
  await typeCode(email, 2);
  await press('Check code');
  await says('Scan this with your app: otpauth://totp/');
}

async function transfer({ page, says, press, typeCode }: Hand): Promise<void> {
  const phone = '+33612345678';
  await page.getByLabel('Phone').fill(phone);
  await press('Send code');
  await typeCode(phone, 1);
  await press('Log in');
  await says('Logged in.');
  await press('Transfer');
  await typeCode(phone, 2);
  await press('Confirm');
  await says('Logged in.');
  await press('Transfer');
  await says('Transferred.');
}

const walks = [
  { name: 'dynamic-page', walk: addAuthenticatorApp },
  { name: 'prelude-react', walk: transfer, seed: 'seed.yaml' },
];

describe.skipIf(skipsWithoutChromium()).each(walks)('examples/$name', ({ name, walk, seed }) => {
  let example: Example;
  let emulator: TestEmulator;
  let server: RunningExample;
  let browser: Browser;
  let page: Page;
  const errors: string[] = [];

  beforeAll(async () => {
    example = await copyExample(name);
    emulator = await startTestEmulator(seed === undefined ? {} : { seed: join(example.folder, seed) });
    const { prelude, dynamic } = emulator.emulator.ready;
    server = await runExample(example.folder, {
      PORT: '0',
      STEPUP_PRELUDE_DOMAIN: prelude.sessionDomain,
      STEPUP_DYNAMIC_ENVIRONMENT_ID: dynamic.environmentId,
      STEPUP_DYNAMIC_API_BASE_URL: dynamic.apiBaseUrl,
    });
    browser = await launchChromium();
    page = await browser.context.newPage();
    page.on('pageerror', ({ message }) => errors.push(message));
    await page.goto(server.url);
  });
  afterAll(async () => {
    await browser?.close();
    await server?.stop();
    await emulator?.stop();
    await example?.remove();
  });

  it('does what its page says', async () => {
    await walk({
      page,
      says: (text) => page.getByText(text).waitFor({ timeout: 15_000 }),
      press: (button) => page.getByRole('button', { name: button }).click(),
      async typeCode(to, count) {
        await expect.poll(async () => (await emulator.control.messages({ to })).length).toBe(count);
        await page.getByLabel('Code').fill((await emulator.control.messages({ to })).at(-1)!.code);
      },
    });
    expect(errors).toEqual([]);
  });
});
