/** The key that signs sample calls in Prelude's place, and where a hook finds its public half. */
import { join } from 'node:path';
import type { Command } from 'commander';
import { jwksAnswer, JWKS_PATH } from '../../../backend/jwks.js';
import { createKeyStore } from '../../../backend/key-store.js';
import { createSigningKey, type SigningKey } from '../../../backend/keys.js';
import type { Context } from '../../context.js';
import { UsageError } from '../../../errors.js';
import { listReady } from '../../../store/emulators.js';
import { findEmulator } from '../../../target/emulators.js';
import { parsePort, urlOf } from '../../serving.js';
import { parseKid, signingKey } from '../../signing-keys.js';

export interface KeyFlags {
  key?: string | undefined;
  kid?: string | undefined;
  jwksPort?: string | undefined;
}

/** Adds `--key`, `--kid` and `--jwks-port`. `port` says in words which is the default. */
export function addKeyFlags(command: Command, port: string): Command {
  return command
    .option('--key <key>', 'key that signs: a name of the store, a file, or - (default: the one of the store)')
    .option('--kid <kid>', 'under another key id, e.g. that of a PEM file in the key set')
    .option('--jwks-port <port>', `serve its public half on this port meanwhile, 0 for a free one (${port})`);
}

/** The name of a key that is made here, as `keys create` gives it. */
const USUAL_NAME = 'main';

/**
 * The key that signs: the one of `--key`; at an emulator (by `--emulator`, or by a variable or the profile
 * that leads to one that runs under this store) the emulator's own; else the one of
 * the store, which is made on first use. `trusted` is whether the hook has it from elsewhere. Throws as `signingKey`, `findEmulator`.
 */
export async function callKey(context: Context, flags: KeyFlags): Promise<CallKey> {
  const kid = parseKid(flags.kid);
  const found = await foundKey(context, flags.key);
  if (kid === undefined) return found;
  return { ...found, key: { ...found.key, kid, jwk: { ...found.key.jwk, kid } } };
}

interface CallKey {
  key: SigningKey;
  trusted: boolean;
}

async function foundKey(context: Context, key: string | undefined): Promise<CallKey> {
  const { store, system, terminal } = context;
  if (key !== undefined) return { key: await signingKey(context, key), trusted: true };
  const emulator = await emulatorOf(context);
  if (emulator !== undefined) {
    const own = await emulatorKey(context, emulator);
    if (own) return { key: own, trusted: true };
    terminal.warn("The emulator's key is not in this store: the call is signed with a key of the store instead.");
  }
  const keys = createKeyStore(store);
  if ((await keys.keys()).size === 0) {
    const made = await createSigningKey(2048);
    // Another process may have made one meanwhile: then that is the key of the store.
    if (await keys.addFirst(USUAL_NAME, made, { createdAt: new Date(system.now()).toISOString() })) {
      terminal.note(`Made the signing key "${USUAL_NAME}" in the store.`);
    }
  }
  const usual = (await keys.keys()).get(USUAL_NAME);
  return { key: usual ?? (await signingKey(context, undefined)), trusted: false };
}

/** The emulator that is meant: the one of the flag, else the running one that the target leads to. Throws as `Context.target`. */
async function emulatorOf({ globals, store, target }: Context): Promise<string | undefined> {
  if (globals.emulator !== undefined) return globals.emulator;
  const running = await listReady(store.folder);
  if (running.length === 0) return undefined;
  try {
    const found = await target();
    if (found.provider !== 'prelude') return undefined;
    return running.find(({ prelude }) => prelude.managementUrl === found.managementUrl)?.url;
  } catch (error) {
    // A call needs no application: without any, there is no emulator either.
    if (error instanceof UsageError && error.code === 'PROFILE_UNKNOWN' && globals.profile === undefined)
      return undefined;
    throw error;
  }
}

/** The emulated service signs with a key under its kid's thumbprint; it must be one that the emulator publishes. */
async function emulatorKey(context: Context, wanted: string): Promise<SigningKey | undefined> {
  const { store, http } = context;
  const { ready } = await findEmulator(wanted, '--emulator', store.folder);
  if (!ready) return undefined;
  const [{ parseSigningKey }, { readKeyFile, refuseExposed }, { readKeySet }] = await Promise.all([
    import('../../../backend/key-text.js'),
    import('../../../backend/key-file.js'),
    import('../../../backend/hook-key-set.js'),
  ]);
  const path = join(store.folder, 'emulator', 'prelude-access.pem');
  const file = await readKeyFile(path, '--emulator');
  if (!file) return undefined;
  refuseExposed(file, path, '--emulator');
  const key = parseSigningKey(file.text, { name: path, field: '--emulator' });
  const { json } = await (await http()).send({ method: 'GET', url: ready.prelude.jwksUrl });
  const { keys } = readKeySet(json, ready.prelude.jwksUrl, '--emulator');
  return keys.some(({ kid }) => kid === key.kid) ? key : undefined;
}

export interface ServedKeys {
  url: string;
  /** How often the set was read. */
  fetches(): number;
  close(): Promise<void>;
}

/** Serves a key's public half on this machine, and says where. Throws FailedError PORT_IN_USE, LISTEN_FAILED, UsageError FLAG_INVALID. */
export async function serveKey({ terminal }: Context, { jwk }: SigningKey, portText: string): Promise<ServedKeys> {
  const { listen } = await import('../../../emulator/listener.js');
  const host = '127.0.0.1';
  let fetches = 0;
  const listener = await listen({
    host,
    port: parsePort(portText, '--jwks-port'),
    flag: '--jwks-port',
    fetch: async (request) => {
      const response = await jwksAnswer(request, async () => [jwk]);
      if (response.status === 200) fetches += 1;
      return response;
    },
  });
  const url = `${urlOf(host, listener.port)}${JWKS_PATH}`;
  terminal.warn(`The key set is at ${url}`);
  return { url, fetches: () => fetches, close: () => listener.close(0) };
}
