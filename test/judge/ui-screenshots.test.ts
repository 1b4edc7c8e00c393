/** Makes the pictures of the web page anew: `STEPUP_SCREENSHOTS=1 npx vitest run --project judge test/judge/ui-screenshots.test.ts`. */
import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { startUi } from './support/ui.js';
import { playScene } from './support/ui-scene.js';

const folder = fileURLToPath(new URL('../../docs/images/', import.meta.url));
/** Bytes that a picture may have. */
const LARGEST = 130_000;
const SILENT = '+33600000002';

it.runIf(process.env.STEPUP_SCREENSHOTS)('pictures of the web page', async () => {
  await mkdir(folder, { recursive: true });
  const temporary = await mkdtemp(join(tmpdir(), 'stepup-judge-pictures-'));
  const seed = join(temporary, 'seed.yaml');
  await writeFile(seed, `identities:\n  - { identity: '${SILENT}', suppressed: the carrier refused it }\n`);
  const ui = await startUi({ rngSeed: 'pictures', seed });
  const { control, url } = ui.world;
  const scene = await playScene(ui.world);
  await fetch(`${url}/v1/session/otp`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ identifier: { type: 'phone_number', value: SILENT } }),
  });
  await control.clock({ advance: 60 });
  await control.fault({ match: { path: '/v1/session/refresh' }, everyNth: 3, do: { drop: 'after' } });
  const page = await ui.open();
  await page.setViewportSize({ width: 1120, height: 720 });
  const view = (name: string) => page.getByRole('navigation').getByRole('link', { name }).click();

  await page.emulateMedia({ colorScheme: 'light' });
  await page.getByText('kyc_review').first().waitFor();
  await page.screenshot({ path: `${folder}ui-inbox.png` });

  await view('Hooks');
  await page.getByText('transfer:write').first().click();
  await page.getByText('X-Webhook-Signature', { exact: true }).waitFor();
  await page.mouse.move(0, 0);
  await page.screenshot({ path: `${folder}ui-hooks.png` });

  await page.emulateMedia({ colorScheme: 'dark' });
  await view('Events');
  const rows = page.locator('ol.events > li');
  await page.getByLabel('only refused or failed').check();
  await rows.filter({ hasText: 'payout:write' }).first().waitFor();
  await rows.filter({ hasText: '/otp/check' }).first().locator('summary').click();
  await page.mouse.move(0, 0);
  await page.screenshot({ path: `${folder}ui-events.png` });

  await scene.close();
  await ui.close();
  await rm(temporary, { recursive: true, force: true });
  for (const name of ['ui-inbox.png', 'ui-hooks.png', 'ui-events.png']) {
    expect((await stat(folder + name)).size).toBeLessThan(LARGEST);
  }
});
