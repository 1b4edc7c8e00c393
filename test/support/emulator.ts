/** An emulator of a test's own, on free ports in a temporary folder, with a small client of its control API. */
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { request as httpsRequest } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Message, RunningEmulator, StartOptions } from '../../src/emulator/emulator.js';
import { openHouse, type MakeServices, type World } from '../../src/emulator/house.js';
import type { Settings } from '../../src/emulator/services.js';
import type { SettingsPatch } from '../../src/emulator/settings.js';

export interface TestOptions extends Partial<StartOptions> {
  /** Real time in milliseconds. Default: the machine's. */
  now?: () => number;
  /** Services of the test's own instead of the emulator's. */
  services?: MakeServices;
}

export interface ControlClient {
  /** Any call: path under the control URL, body as JSON. Answers whatever the status. */
  call(method: string, path: string, body?: unknown): Promise<Response>;
  /** Messages that fit, e.g. `{ to: '+33612345678', wait: '5' }`. */
  messages(query?: Record<string, string>): Promise<Message[]>;
  /** One of `advance`, `offset` (seconds), `freeze`, `resume`. */
  clock(move: Record<string, unknown>): Promise<{ now: string; ageNow: string; offset: number; frozen: boolean }>;
  /** Adds a fault; returns its id. */
  fault(fault: Record<string, unknown>): Promise<string>;
  clearFaults(): Promise<void>;
  /** Changes settings; returns all. */
  settings(patch?: SettingsPatch): Promise<Settings>;
  exportState(): Promise<unknown>;
  importState(document: unknown): Promise<void>;
  clearState(): Promise<void>;
}

export interface TestEmulator {
  emulator: RunningEmulator;
  control: ControlClient;
  /** Folder of certificate and keys. */
  folder: string;
  /** Stops it and removes its folder. */
  stop(): Promise<void>;
}

/** Starts one. It has an https listener unless `httpsPort: undefined` is given. */
export async function startTestEmulator(overrides: TestOptions = {}): Promise<TestEmulator> {
  const { now = Date.now, services, ...given } = overrides;
  const temporary = await mkdtemp(join(tmpdir(), 'stepup-emulator-'));
  const options: StartOptions = { host: '127.0.0.1', port: 0, httpsPort: 0, folder: temporary, ...given };
  const world = { now, randomBytes };
  const remove = (): Promise<void> => rm(temporary, { recursive: true, force: true });
  try {
    const emulator = services ? await openHouse(options, world, services) : await startWhole(options, world);
    const stop = async (): Promise<void> => {
      await emulator.stop();
      await remove();
    };
    return { emulator, control: controlClient(emulator), folder: options.folder, stop };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** Loaded late, so that a test with services of its own does not load the emulator's. */
async function startWhole(options: StartOptions, world: World): Promise<RunningEmulator> {
  const { startEmulator } = await import('../../src/emulator/server.js');
  await Promise.all(['prelude-access.pem', 'dynamic-access.pem'].map((name) => placeKey(options.folder, name)));
  return startEmulator(options, world);
}

const rsaKeys = new Map<string, Promise<string>>();

/** An RSA key costs more than the rest of a start: the emulators of a worker share one for each file, unless theirs is there. */
async function placeKey(folder: string, name: string): Promise<void> {
  const { keepKey, newPem } = await import('../../src/emulator/key-files.js');
  const key = rsaKeys.get(name) ?? newPem('rsa');
  rsaKeys.set(name, key);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await keepKey(join(folder, name), () => key);
}

/** A client of a running emulator's control API. Its calls throw for any status that is no success. */
function controlClient({ ready }: RunningEmulator): ControlClient {
  const call = (method: string, path: string, body?: unknown): Promise<Response> =>
    fetch(`${ready.controlUrl}${path}`, {
      method,
      headers: { Authorization: `Bearer ${ready.controlToken}`, 'Content-Type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  const json = async <T>(method: string, path: string, body?: unknown): Promise<T> => {
    const response = await call(method, path, body);
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return (text === '' ? undefined : JSON.parse(text)) as T;
  };
  return {
    call,
    messages: async (query = {}) =>
      (await json<{ messages: Message[] }>('GET', `/messages?${new URLSearchParams(query).toString()}`)).messages,
    clock: (move) => json('POST', '/clock', move),
    fault: async (fault) => (await json<{ id: string }>('POST', '/faults', fault)).id,
    clearFaults: () => json('DELETE', '/faults'),
    settings: (patch) => (patch ? json('PATCH', '/settings', patch) : json('GET', '/settings')),
    exportState: () => json('GET', '/state'),
    importState: (document) => json('PUT', '/state', document),
    clearState: () => json('DELETE', '/state'),
  };
}

/** GET over https, trusting the emulator's certificate and nothing else. */
export async function httpsGet(url: string, caPath: string): Promise<{ status: number; body: string }> {
  const ca = await readFile(caPath);
  return new Promise((resolve, reject) => {
    const request = httpsRequest(url, { ca, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
    });
    request.on('error', reject).end();
  });
}
