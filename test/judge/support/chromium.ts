/** A real Chromium: Debian's, or whatever `CHROME_PATH` names. */
import { accessSync, constants } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { chromium, type BrowserContext } from 'playwright-core';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];

/** Path of the browser: `CHROME_PATH`, then the usual names on `PATH`, then Debian's place. Undefined when there is none. */
export function findChromium(env: NodeJS.ProcessEnv = process.env): string | undefined {
  if (env.CHROME_PATH) return env.CHROME_PATH;
  const folders = (env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  const paths = NAMES.flatMap((name) => folders.map((folder) => join(folder, name)));
  return [...paths, '/usr/bin/chromium'].find(isExecutable);
}

/** True where a missing browser is a failure rather than a skip. */
function browserIsRequired(env: NodeJS.ProcessEnv = process.env): boolean {
  return [env.CI, env.STEPUP_CI].some((value) => value !== undefined && !['', '0', 'false'].includes(value));
}

/**
 * True when the tests that need a browser are to be skipped: there is none, and this is no CI. It is said on standard error.
 * In CI they run, and fail for want of it.
 */
export function skipsWithoutChromium(): boolean {
  if (findChromium() !== undefined || browserIsRequired()) return false;
  process.stderr.write('\nNo Chromium found: the judges are SKIPPED. Install chromium or set CHROME_PATH.\n\n');
  return true;
}

export interface Browser {
  context: BrowserContext;
  close(): Promise<void>;
}

/**
 * Starts a browser with an empty profile of its own, and takes self-signed certificates. It is the profile's default context: any
 * further one blocks third-party cookies, and a page on http is a third party for an API on https.
 */
export async function launchChromium(): Promise<Browser> {
  const executablePath = findChromium();
  if (executablePath === undefined) throw new Error('No Chromium found: install chromium or set CHROME_PATH.');
  const profile = await mkdtemp(join(tmpdir(), 'stepup-judge-'));
  await mkdir(join(profile, 'Default'));
  await writeFile(join(profile, 'Default', 'Preferences'), JSON.stringify({ profile: { cookie_controls_mode: 0 } }));
  const remove = (): Promise<void> => rm(profile, { recursive: true, force: true, maxRetries: 5 });
  try {
    const context = await chromium.launchPersistentContext(profile, {
      executablePath,
      headless: true,
      chromiumSandbox: false,
      ignoreHTTPSErrors: true,
      args: [
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    });
    return { context, close: () => context.close().finally(remove) };
  } catch (error) {
    await remove();
    throw error;
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
