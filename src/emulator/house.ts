/** The emulator around the services: its parts put together, its two listeners, its end. */
import { setMaxListeners } from 'node:events';
import { buildApp, type ServiceApp } from './app.js';
import { createClock } from './clock.js';
import { CONTROL_PATH } from './control/control.js';
import type { Ready, RunningEmulator, StartOptions } from './emulator.js';
import { createEventLog } from './events.js';
import { createFaults } from './faults.js';
import { createInbox } from './inbox.js';
import { listen, type FetchCallback, type Listener } from './listener.js';
import { makeOwnFolder } from './own-folder.js';
import type { Services } from './services.js';
import { createSettings } from './settings.js';
import { createMemoryState } from './state/memory.js';
import { createTenants } from './tenants.js';
import { loadCertificate } from './tls.js';

/** The part of the outside world that the emulator needs. */
export interface World {
  /** Real time in milliseconds since the epoch. */
  now(): number;
  randomBytes(size: number): Uint8Array;
}

/** Makes the emulated services. */
export type MakeServices = (services: Services) => Promise<ServiceApp[]>;

/** How long requests under way may take to finish when the emulator stops. */
const GRACE_MS = 2000;
const TOKEN_BYTES = 24;

/**
 * Starts an emulator with the given services; it answers when this resolves. Throws FailedError: PORT_IN_USE, LISTEN_FAILED,
 * FILE_UNREADABLE, FILE_UNWRITABLE. Nothing is left running then.
 */
export async function openHouse(options: StartOptions, world: World, make: MakeServices): Promise<RunningEmulator> {
  const { host, port, httpsPort, folder } = options;
  await makeOwnFolder(folder);
  const tls = httpsPort === undefined ? undefined : await loadCertificate(folder, world);
  const listeners: Listener[] = [];
  const stopping = new AbortController();
  // Every stream and every waiting call listens to it.
  setMaxListeners(0, stopping.signal);
  const stop = async (): Promise<void> => {
    stopping.abort();
    await Promise.all(listeners.map((listener) => listener.close(GRACE_MS)));
  };

  // The application needs the ports, so the listeners come first.
  let fetch: FetchCallback = () => new Response(null, { status: 503, headers: { 'Retry-After': '1' } });
  const answer: FetchCallback = (request, bindings) => fetch(request, bindings);
  try {
    const http = await listen({ host, port, flag: '--port', fetch: answer });
    listeners.push(http);
    const https = tls && (await listen({ host, port: httpsPort ?? 0, flag: '--https-port', fetch: answer, tls }));
    if (https) listeners.push(https);

    const url = `http://${nameOf(host)}:${http.port}`;
    const tenants = createTenants({ url, domain: `localhost:${(https ?? http).port}` });
    const controlToken = options.controlToken ?? Buffer.from(world.randomBytes(TOKEN_BYTES)).toString('base64url');
    const clock = createClock(world.now);
    const state = createMemoryState({ ageNow: clock.ageNow });
    const events = createEventLog(state, clock, options.onEvent);
    const inbox = createInbox(state, clock, events);
    const settings = createSettings(state);
    const services: Services = {
      state,
      clock,
      randomBytes: world.randomBytes,
      emit: events.emit,
      deliver: inbox.deliver,
      settings: settings.read,
      tenant: async (id) => tenants.get(id),
      tenantOfApp: async (appId) => tenants.ofApp(appId),
      tenantOfEnvironment: async (environmentId) => tenants.ofEnvironment(environmentId),
      folder,
    };
    const faults = createFaults(state, world.randomBytes);
    const { onBug, version = '' } = options;
    const parts = { state, clock, events, inbox, faults, settings, tenants, controlToken, version, onBug };
    const app = buildApp({ ...parts, stopping: stopping.signal }, await make(services));
    fetch = app.fetch;

    const ready: Ready = {
      type: 'ready',
      url,
      httpsUrl: https ? `https://localhost:${https.port}` : '',
      caCert: tls?.certPath ?? '',
      controlUrl: `${url}${CONTROL_PATH}`,
      controlToken,
      prelude: tenants.default.prelude,
      dynamic: tenants.default.dynamic,
    };
    let stopped: Promise<void> | undefined;
    return { ready, stop: () => (stopped ??= stop().then(() => state.close())) };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Under which name a client on this machine reaches what listens on `host`. */
function nameOf(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return host.includes(':') ? `[${host}]` : host;
}
