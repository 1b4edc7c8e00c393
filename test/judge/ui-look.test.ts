import { it } from 'vitest';
import { startUi } from './support/ui.js';
import { playScene } from './support/ui-scene.js';

it('looks', async () => {
  const ui = await startUi();
  const scene = await playScene(ui.world);
  const page = await ui.open();
  await page.waitForTimeout(1500);
  for (const scheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme: scheme });
    for (const [name, width, height] of [
      ['wide', 1240, 900],
      ['narrow', 390, 844],
    ] as const) {
      await page.setViewportSize({ width, height });
      for (const view of ['now', 'sessions', 'hooks', 'events', 'controls']) {
        await page.evaluate((v) => void (location.hash = v), view);
        await page.waitForTimeout(200);
        if (view === 'hooks' || view === 'sessions') await page.locator('summary').first().click();
        await page.screenshot({ path: `/tmp/shots/${view}-${name}-${scheme}.png` });
      }
    }
  }
  console.log(ui.faults());
  await scene.close();
  await ui.close();
}, 120000);
