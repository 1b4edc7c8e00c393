/** An emulator's management key goes to emulators alone, and any other key to none: either is a mix-up that would cost something. */
import { isLoopback } from '../address.js';
import { UsageError } from '../errors.js';
import { EMULATOR_HEADER, EMULATOR_HEALTH_PATH, EMULATOR_KEY_PREFIX } from '../emulator/mark.js';
import type { Http } from '../http/client.js';
import type { ResolvedPrelude } from '../target/prelude.js';

/**
 * Looks whether key and address belong together before the key is sent. Whether an address is an emulator's is known for the one that
 * was chosen as such; any other is asked, without a secret. Throws UsageError EMULATOR_KEY, LIVE_KEY.
 */
export async function refuseMixUp(
  http: Http,
  { managementUrl, emulatorUrl }: ResolvedPrelude,
  key: string,
): Promise<void> {
  const forEmulators = key.startsWith(EMULATOR_KEY_PREFIX);
  const { hostname, host, origin } = new URL(managementUrl);
  const isChosen = emulatorUrl !== undefined && new URL(emulatorUrl).host === host;
  // A live service elsewhere is not asked for what only an emulator has, before each call with a live key.
  if (!forEmulators && !isChosen && !isLoopback(hostname)) return;
  const isEmulator = isChosen || (await answersAsEmulator(http, origin));
  if (forEmulators && !isEmulator) {
    throw new UsageError('EMULATOR_KEY', `The management key is an emulator's, and ${host} is none.`, {
      field: '--management-key-file',
      hint: `Give the key of the application at ${host}, or name the emulator with --emulator.`,
    });
  }
  if (!forEmulators && isEmulator) {
    throw new UsageError(
      'LIVE_KEY',
      `The management key is not an emulator's, and ${host} is an emulator: it was not sent.`,
      {
        field: '--management-key-file',
        hint: `The emulator's own key is known by --emulator; unset STEPUP_PRELUDE_MANAGEMENT_KEY, or name the live service.`,
      },
    );
  }
}

async function answersAsEmulator(http: Http, origin: string): Promise<boolean> {
  let isEmulator = false;
  const onHead = (_status: number, headers: Headers): void => {
    isEmulator = headers.has(EMULATOR_HEADER);
  };
  // What cannot be reached is said by the call itself.
  await http.send({ method: 'GET', url: `${origin}${EMULATOR_HEALTH_PATH}`, onHead }).catch(() => undefined);
  return isEmulator;
}
