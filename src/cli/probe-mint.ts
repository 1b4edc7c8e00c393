/** Tokens with a defect, for `stepup probe`: minted by the emulator that is spoken to. */
import * as v from 'valibot';
import { UsageError } from '../errors.js';
import type { Mint } from '../probe/attempt.js';
import { listReady } from '../store/emulators.js';
import type { Context } from './context.js';
import { emulatorClient, findControl, tenantOf, type Control } from './emulator-client.js';

const minted = v.object({ token: v.string(), claims: v.record(v.string(), v.unknown()) });

/**
 * What mints at the target's emulator; undefined where the target is the live service, or the emulator's control token is not known,
 * which a warning says.
 */
export async function mintAtEmulator(context: Context): Promise<Mint | undefined> {
  const target = await context.target();
  const { provider } = target;
  const service = new URL(provider === 'prelude' ? target.frontendUrl : target.apiUrl);
  const control = await controlAt(context, service.origin, target.emulatorUrl);
  if (!control) return undefined;
  const [, ofAddress] = /^\/t\/([^/]+)/.exec(service.pathname) ?? [];
  const client = await emulatorClient(context, control, tenantOf(context) ?? ofAddress);
  return (defect, claims) =>
    client.call({ method: 'POST', path: '/tokens', json: { provider, claims, defect }, answer: minted });
}

/** A profile has the addresses of the service alone; which of them are an emulator's, the store knows. */
async function controlAt(
  context: Context,
  origin: string,
  emulatorUrl: string | undefined,
): Promise<Control | undefined> {
  const running = await listReady(context.store.folder);
  const known = running.find(({ url, httpsUrl }) =>
    [url, httpsUrl].some((each) => each && new URL(each).origin === origin),
  );
  if (known || emulatorUrl === undefined) return known;
  try {
    return await findControl({ ...context, globals: { ...context.globals, emulator: emulatorUrl } });
  } catch (error) {
    if (!(error instanceof UsageError) || error.code !== 'EMULATOR_NOT_FOUND') throw error;
    context.terminal.warn(`${error.message} It mints no tokens for the probe.`);
    return undefined;
  }
}
