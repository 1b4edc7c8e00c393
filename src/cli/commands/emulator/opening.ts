/** What `emulator start` and `emulator exec` share: the emulator's options, its start and its end. */
import { join } from 'node:path';
import type { Command } from 'commander';
import type { EmulatorEvent, Ready } from '../../../emulator/emulator.js';
import { isOfThisMachine } from '../../../emulator/public-address.js';
import { UsageError } from '../../../errors.js';
import type { ReadyEntry } from '../../../store/emulators.js';
import { collect } from '../../collect.js';
import type { Context } from '../../context.js';
import { parsePort } from '../../serving.js';
import type { Env } from '../../../system.js';
import { version } from '../../../version.js';

/** The emulator's options as they are typed. */
export interface EmulatorOptions {
  host: string;
  port: string;
  httpsPort: string;
  store?: string | undefined;
  seed?: string | undefined;
  import?: string | undefined;
  exportOnExit?: string | undefined;
  rngSeed?: string | undefined;
  publicUrl?: string | undefined;
  allowRemote?: boolean | undefined;
  allowCallback?: string[] | undefined;
  maxRecords?: string | undefined;
}

/** Adds the emulator's options to a command; the ports are those that it takes unless told. */
export function emulatorOptions(command: Command, ports: { http: string; https: string }): Command {
  return command
    .option('--host <host>', 'address of this machine to listen on', '127.0.0.1')
    .option('--port <port>', 'port of http, 0 for a free one', ports.http)
    .option('--https-port <port>', 'port of https, 0 for a free one', ports.https)
    .option('--seed <file>', 'users, settings and more to start with, YAML or JSON')
    .option(
      '--store <url>',
      'keep everything in Redis or Valkey, for several emulators: redis:// or rediss://; one with a password is better in STEPUP_EMULATOR_STORE',
    )
    .option('--import <file>', 'start with what --export-on-exit has written')
    .option('--export-on-exit <file>', 'write everything to a file when it stops; it holds secrets')
    .option('--rng-seed <text>', 'make ids and codes repeatable')
    .option('--public-url <url>', 'scheme, host and port under which others reach it')
    .option('--allow-remote', 'let --host be an address that other machines reach')
    .option('--allow-callback <host:port>', 'a backend elsewhere that may be called; may be repeated', collect)
    .option('--max-records <number>', 'records of a kind (users, sessions …) a tenant holds; the oldest go (10000)');
}

export interface Opened {
  ready: Ready;
  /** Finishes requests under way, stops listening, and removes the ready file. A second call does nothing. */
  close(): Promise<void>;
}

export interface Opening {
  /** The `STEPUP_HOME` whose `emulator` folder has certificate and keys, and in whose `emulators/PORT.json` it is found. */
  home: string;
  /** Called with each event. */
  onEvent?: ((event: EmulatorEvent) => void) | undefined;
}

/**
 * Starts an emulator that commands under `home` find. Throws FailedError (PORT_IN_USE, LISTEN_FAILED, FILE_UNREADABLE, FILE_UNWRITABLE,
 * STORE_AWAY, STORE_UNWRITABLE, SEED_INVALID, STATE_INVALID) with nothing left running, UsageError FLAG_INVALID, FLAG_CONFLICT, URL_INVALID.
 */
export async function openEmulator(
  { system, terminal, globals }: Context,
  options: EmulatorOptions,
  { home, onEvent }: Opening,
): Promise<Opened> {
  for (const flag of ['emulator', 'tenant', 'profile', 'app', 'environment'] as const) {
    if (globals[flag] !== undefined) throw choosesAnother(flag);
  }
  const { host } = options;
  const port = parsePort(options.port, '--port');
  const httpsPort = parsePort(options.httpsPort, '--https-port');
  const [{ startEmulator }, { writeReady, removeReady }] = await Promise.all([
    import('../../../emulator/server.js'),
    import('../../../store/emulators.js'),
  ]);
  const emulator = await startEmulator(
    {
      host,
      port,
      httpsPort,
      folder: join(home, 'emulator'),
      store: options.store ?? (system.env.STEPUP_EMULATOR_STORE || undefined),
      seed: options.seed,
      import: options.import,
      exportOnExit: options.exportOnExit,
      rngSeed: options.rngSeed,
      publicUrl: options.publicUrl,
      allowRemote: options.allowRemote,
      allowCallback: options.allowCallback,
      maxRecords: options.maxRecords === undefined ? undefined : parseMaxRecords(options.maxRecords),
      controlToken: controlTokenIn(system.env),
      onEvent,
      ownsProcess: system.ownsProcess,
      onBug: (error) => terminal.warn(`This is a bug in the emulator: ${error.stack ?? error.message}`),
      version,
    },
    { now: system.now, randomBytes: system.randomBytes },
  );
  const { ready, port: ownPort } = emulator;
  let closed: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    try {
      await emulator.stop();
    } finally {
      await removeReady(home, ownPort);
    }
  };
  const opened: Opened = { ready, close: () => (closed ??= close()) };
  try {
    await writeReady(home, ownPort, { ...ready, pid: system.pid } satisfies ReadyEntry);
    if (!isOfThisMachine(host)) terminal.warn(openTo(host, options.publicUrl));
    return opened;
  } catch (error) {
    await opened.close();
    throw error;
  }
}

/** One that no header could carry would shut everybody out. */
function controlTokenIn({ STEPUP_EMULATOR_CONTROL_TOKEN: token }: Env): string | undefined {
  if (!token) return undefined;
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  throw new UsageError(
    'FLAG_INVALID',
    'STEPUP_EMULATOR_CONTROL_TOKEN has a sign that no header can carry, or a blank.',
    {
      field: 'STEPUP_EMULATOR_CONTROL_TOKEN',
    },
  );
}

function choosesAnother(flag: string): UsageError {
  const hint = flag === 'tenant' ? 'Choose it in the commands that use the emulator.' : undefined;
  return new UsageError('FLAG_CONFLICT', `--${flag} chooses what is there already, and this starts an emulator.`, {
    field: `--${flag}`,
    hint,
  });
}

function parseMaxRecords(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new UsageError('FLAG_INVALID', `--max-records takes a number, not "${text}".`, { field: '--max-records' });
}

/** What the flags have let in. */
function openTo(host: string, publicUrl: string | undefined): string {
  const whom = `Other machines can reach this emulator (--host ${host}). Whoever has its control token reads every code.`;
  return publicUrl === undefined
    ? `${whom} Without --public-url it answers them under no name but an address of its own.`
    : whom;
}
