/** The emulator around the services: its parts put together, its two listeners, its end. */
import { setMaxListeners } from 'node:events';
import { FailedError, UsageError } from '../errors.js';
import { buildApp, type ServiceApp } from './app.js';
import { createCallOut } from './callout.js';
import { CONTROL_PATH } from './control/control.js';
import type { Ready, RunningEmulator, StartOptions } from './emulator.js';
import { createEventLog } from './events.js';
import { createFaults } from './faults.js';
import { createInbox } from './inbox.js';
import { prepareKeeping } from './keeping.js';
import { listen, type FetchCallback, type Listener } from './listener.js';
import { makeOwnFolder } from './own-folder.js';
import { addressesOf, reachOf } from './public-address.js';
import { createSeededRandom } from './rng.js';
import { createScenarios } from './scenarios.js';
import type { Starts } from './seed/start.js';
import type { Services, Tenant } from './services.js';
import { createSettings } from './settings.js';
import { createSnapshots } from './snapshots.js';
import type { Json } from './state/interface.js';
import { openStore, startError, type Store } from './store.js';
import { createTenantDocuments } from './tenant-document.js';
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
 * FILE_UNREADABLE, FILE_UNWRITABLE, STORE_AWAY, SEED_INVALID, STATE_INVALID; UsageError URL_INVALID, FLAG_INVALID, FLAG_CONFLICT. Nothing is left
 * running then.
 */
export async function openHouse(options: StartOptions, world: World, make: MakeServices): Promise<RunningEmulator> {
  const { host, port, httpsPort, folder, ownsProcess } = options;
  const reach = reachOf(options);
  const callOut = createCallOut(options.allowCallback ?? []);
  const keeping = await prepareKeeping(options);
  await makeOwnFolder(folder);
  const tls = httpsPort === undefined ? undefined : await loadCertificate(folder, world, reach.hostname);
  const store = await openStore({
    url: options.store,
    folder,
    now: world.now,
    maxRecords: checkedLimit(options.maxRecords),
    ownsProcess,
  });
  const { state, clock } = store;
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
    const http = await listen({ host, port, flag: '--port', fetch: answer, ownsProcess });
    listeners.push(http);
    const https =
      tls && (await listen({ host, port: httpsPort ?? 0, flag: '--https-port', fetch: answer, tls, ownsProcess }));
    if (https) listeners.push(https);

    const { url, httpsUrl, domain } = addressesOf(reach, { host, port: http.port, httpsPort: https?.port });
    const tenants = createTenants(state, { url, domain });
    const controlToken = options.controlToken ?? (await controlTokenOf(store, world));
    const events = createEventLog(state, clock, options.onEvent);
    const scenarios = createScenarios(state);
    const inbox = createInbox(state, clock, events, scenarios);
    const settings = createSettings(state);
    const random = options.rngSeed === undefined ? undefined : createSeededRandom(options.rngSeed);
    const services: Services = {
      state,
      clock,
      // What belongs to no tenant has a stream of its own, under a name that no tenant can have.
      randomBytes: random?.of(':all') ?? world.randomBytes,
      randomOf: random?.of,
      emit: events.emit,
      deliver: inbox.deliver,
      settings: settings.read,
      scenario: scenarios.of,
      tenant: tenants.get,
      tenantOfApp: tenants.ofApp,
      tenantOfEnvironment: tenants.ofEnvironment,
      keys: store.keys,
      callOut,
    };
    const starts: Starts = { named: new Map() };
    const start = async (id: string): Promise<Json | undefined> => {
      const tenant = starts.named.has(id) ? undefined : await tenants.get(id);
      return tenant ? starts.newcomer?.(tenant) : starts.named.get(id);
    };
    const documents = createTenantDocuments({ state, clock, random, start });
    const snapshots = createSnapshots(state, documents);
    const faults = createFaults(state, services.randomBytes);
    const { onBug, version = '', uiFolder } = options;
    const parts = {
      store: store.kind,
      state,
      clock,
      events,
      inbox,
      faults,
      settings,
      tenants,
      controlToken,
      version,
      uiFolder,
      onBug,
      documents,
      snapshots,
      services,
    };
    const app = buildApp({ ...parts, reach, stopping: stopping.signal }, await make(services));
    const ensureTenant = async (id: string): Promise<Tenant> => {
      const tenant = (await tenants.get(id)) ?? (await tenants.create(id)) ?? (await tenants.get(id));
      if (tenant) return tenant;
      throw new FailedError('SEED_INVALID', `"${id}" is reserved, or no id of a tenant.`, { field: 'tenants' });
    };
    await keeping.begin({ state, documents, services, starts, ensureTenant });
    fetch = app.fetch;

    const ready: Ready = {
      type: 'ready',
      url,
      httpsUrl,
      caCert: tls?.certPath ?? '',
      controlUrl: `${url}${CONTROL_PATH}`,
      controlToken,
      prelude: tenants.default.prelude,
      dynamic: tenants.default.dynamic,
    };
    let stopped: Promise<void> | undefined;
    const end = async (): Promise<void> => {
      await stop();
      inbox.close();
      try {
        await keeping.end(await tenants.list(), documents);
      } finally {
        await state.close();
      }
    };
    return { ready, port: http.port, stop: () => (stopped ??= end()) };
  } catch (error) {
    await stop();
    await state.close();
    throw startError(error);
  }
}

/** Fewer records than this do not carry one login. */
const LEAST_RECORDS = 100;

function checkedLimit(maxRecords: number | undefined): number | undefined {
  if (maxRecords === undefined || (Number.isSafeInteger(maxRecords) && maxRecords >= LEAST_RECORDS)) return maxRecords;
  throw new UsageError('FLAG_INVALID', `--max-records takes a whole number from ${LEAST_RECORDS}, not ${maxRecords}.`, {
    field: '--max-records',
  });
}

/** A new token; with a store that emulators share, the one that is kept there. */
async function controlTokenOf({ kind, keys }: Store, world: World): Promise<string> {
  const make = (): string => Buffer.from(world.randomBytes(TOKEN_BYTES)).toString('base64url');
  if (kind === 'memory') return make();
  return keys.keep(
    'control-token',
    async () => make(),
    (text) => text,
  );
}
