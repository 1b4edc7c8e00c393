/** Makes the README's pictures of the web page anew: `STEPUP_SCREENSHOTS=1 npx vitest run --project judge test/judge/ui-screenshots.test.ts`. */
import { mkdir, stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { startUi } from './support/ui.js';
import { playScene } from './support/ui-scene.js';

const folder = fileURLToPath(new URL('../../docs/images/', import.meta.url));
/** Bytes that a picture may have. */
const LARGEST = 150_000;

it.runIf(process.env.STEPUP_SCREENSHOTS)('pictures of the web page', async () => {
  await mkdir(folder, { recursive: true });
  const ui = await startUi({ rngSeed: 'pictures' });
  const scene = await playScene(ui.world);
  const page = await ui.open();
  await page.setViewportSize({ width: 1120, height: 720 });

  await page.emulateMedia({ colorScheme: 'light' });
  await page.getByText('kyc_review').first().waitFor();
  await page.screenshot({ path: `${folder}ui-inbox.png` });

  await page.emulateMedia({ colorScheme: 'dark' });
  await page.getByRole('link', { name: 'Events' }).click();
  const rows = page.locator('ol.events > li');
  await page.getByLabel('only refused or failed').check();
  await rows.filter({ hasText: 'payout:write' }).first().waitFor();
  await rows.filter({ hasText: '/otp/check' }).first().locator('summary').click();
  await page.screenshot({ path: `${folder}ui-events.png` });

  await scene.close();
  await ui.close();
  for (const name of ['ui-inbox.png', 'ui-events.png']) expect((await stat(folder + name)).size).toBeLessThan(LARGEST);
});
