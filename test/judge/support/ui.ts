/** The emulator's web page, bundled from its sources, in a real Chromium that notes what it must not do. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { startWorld, type World } from '../../emulator/prelude/client.js';
import type { TestOptions } from '../../support/emulator.js';
import { launchChromium, type Browser } from './chromium.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));

export interface Ui {
  world: World;
  browser: Browser;
  /** Folder of the page's built files. */
  folder: string;
  /** Address of the page, without a token. */
  address: string;
  /** The address that `emulator start` prints. */
  addressWithToken: string;
  /** Opens a window with the page, by default with the token. */
  open(address?: string): Promise<Page>;
  /** What went wrong in any window since the last look: errors, refusals by the policy, requests to anywhere else. */
  faults(): string[];
  close(): Promise<void>;
}

export async function startUi(options: TestOptions = {}): Promise<Ui> {
  const folder = await mkdtemp(join(tmpdir(), 'stepup-judge-ui-'));
  const { buildUi } = (await import(new URL('../../../scripts/ui.mjs', import.meta.url).href)) as {
    buildUi(from: string, to: string): Promise<string[]>;
  };
  await buildUi(root, folder);
  const world = await startWorld({ uiFolder: folder, ...options });
  const browser = await launchChromium();
  const { controlUrl, controlToken } = world.emulator.ready;
  const address = `${controlUrl}/ui`;
  const addressWithToken = `${address}#token=${encodeURIComponent(controlToken)}`;
  const faults: string[] = [];
  const { origin } = new URL(address);
  const own = new Set([origin]);
  browser.context.on('request', (request) => {
    if (!own.has(new URL(request.url()).origin)) faults.push(`request to ${request.url()}`);
  });
  await browser.context.addInitScript({ path: join(root, 'test/judge/pages/ui-probes.js') });
  await browser.context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin });

  return {
    world,
    browser,
    folder,
    address,
    addressWithToken,
    async open(at = addressWithToken) {
      own.add(new URL(at).origin);
      const page = await browser.context.newPage();
      page.on('pageerror', (error) => faults.push(`error ${error.message}`));
      // A refusal by the policy is told there, too. So is a status that a test has asked for, which is none of the page's faults.
      page.on('console', (message) => {
        if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) {
          faults.push(`console ${message.text()}`);
        }
      });
      await page.goto(at);
      return page;
    },
    faults: () => faults.splice(0),
    async close() {
      await browser.close();
      await world.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
