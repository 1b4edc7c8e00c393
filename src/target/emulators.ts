/** The emulators that run on this machine under this store, found by `--emulator[=URL]`. */
import { isLoopback } from '../address.js';
import { UsageError } from '../errors.js';
import type { Ready } from '../emulator/emulator.js';
import { listReady } from '../store/emulators.js';
import { serviceUrl } from './addresses.js';

/** What a bare `--emulator` stands for. */
export const RUNNING = 'running';

/** An emulator that answers at `url`; `ready` is what it said when it started, if it was started under this store. */
export interface FoundEmulator {
  url: string;
  ready?: Ready | undefined;
}

/**
 * The one that runs (`running`), or the one at an address, which this store need not know. `field` is what named it. Throws
 * UsageError: EMULATOR_NOT_FOUND, EMULATOR_AMBIGUOUS, URL_INVALID.
 */
export async function findEmulator(wanted: string, field: string, folder: string): Promise<FoundEmulator> {
  const running = await listReady(folder);
  if (wanted !== RUNNING) {
    // What `emulator start` prints as its control API leads to it as well.
    const url = serviceUrl(wanted, field).replace(/\/__emulator$/, '');
    return { url, ready: running.find((ready) => isSame(ready.url, url) || isSame(ready.httpsUrl, url)) };
  }
  const [ready] = running;
  if (!ready) {
    throw new UsageError('EMULATOR_NOT_FOUND', 'No emulator is running.', {
      field,
      hint: 'Start one in another terminal with: stepup emulator start',
    });
  }
  if (running.length > 1) {
    throw new UsageError('EMULATOR_AMBIGUOUS', 'Several emulators are running.', {
      field,
      hint: `Name one: ${running.map(({ url }) => `--emulator=${url}`).join(' or ')}`,
    });
  }
  return { url: ready.url, ready };
}

/** The same address, or another name of this machine with the same port. */
function isSame(one: string, other: string): boolean {
  const [left, right] = [new URL(one), new URL(other)];
  if (isLoopback(left.hostname) && isLoopback(right.hostname)) right.hostname = left.hostname;
  return left.href === right.href;
}
