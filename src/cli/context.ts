/** What a command works with. The costly parts are made when they are first asked for. */
import type { Http } from '../http/client.js';
import type { PreludeProvider } from '../providers/prelude/provider.js';
import type { Management } from '../providers/prelude/management.js';
import type { Provider } from '../providers/provider.js';
import type { Store } from '../store/store.js';
import type { System } from '../system.js';
import { UsageError } from '../errors.js';
import type { DynamicProvider } from '../providers/dynamic/provider.js';
import { readSecret } from './secrets.js';
import { resolveTarget, type ResolvedTarget } from '../target/target.js';
import type { TargetFlags } from '../target/given.js';
import type { ResolvedPrelude } from '../target/prelude.js';
import { createTerminal, type Terminal } from './terminal/terminal.js';

/** The flags that every command takes. */
export interface Globals extends TargetFlags {
  json?: boolean;
  /** False with `--no-input`. */
  input?: boolean;
  debug?: boolean;
  /** Seconds that a network wait may take. */
  timeout?: string;
  /** File that holds the management key, or `-`. */
  managementKeyFile?: string;
}

export interface Context {
  readonly system: System;
  readonly terminal: Terminal;
  readonly globals: Globals;
  readonly store: Store;
  /** Seconds that one network wait may take. */
  readonly timeoutSeconds: number;
  target(): Promise<ResolvedTarget>;
  /** The target of a command that only Prelude has. Throws UsageError COMMAND_UNSUPPORTED at Dynamic. */
  preludeTarget(): Promise<ResolvedPrelude>;
  http(): Promise<Http>;
  provider(): Promise<Provider>;
  /** The provider with all that only Prelude has. Throws UsageError COMMAND_UNSUPPORTED at Dynamic. */
  prelude(): Promise<PreludeProvider>;
  /** The provider with all that only Dynamic has. Throws UsageError COMMAND_UNSUPPORTED at Prelude. */
  dynamic(): Promise<DynamicProvider>;
  /** Throws UsageError EMULATOR_KEY and LIVE_KEY for a key that is not of the service at its address. */
  management(): Promise<Management>;
  /** Throws InputNeededError when no management key is known and none can be asked for. */
  managementKey(): Promise<string>;
}

const DEFAULT_TIMEOUT_SECONDS = 30;

/** Builds the context of one command run. Throws UsageError FLAG_INVALID for a bad `--timeout`. */
export async function createContext(system: System, globals: Globals): Promise<Context> {
  const timeoutSeconds = parseTimeout(globals.timeout);
  const [{ createStore }, terminal] = await Promise.all([
    import('../store/create.js'),
    createTerminal(system, { json: globals.json === true, input: globals.input !== false }),
  ]);
  const store = createStore(system.home, { signal: system.signal });

  const target = once(() => resolveTarget(globals, system.env, store));
  const http = once(async () => {
    const { createHttp } = await import('../http/client.js');
    const { version } = await import('../version.js');
    return createHttp({
      fetch: system.fetch,
      now: system.now,
      sleep: system.sleep,
      signal: system.signal,
      timeoutMs: timeoutSeconds * 1000,
      userAgent: `stepup/${version}`,
      ...(globals.debug ? { debug: (text: string) => terminal.warn(text) } : {}),
    });
  });
  const preludeTarget = async (): Promise<ResolvedPrelude> => {
    const found = await target();
    if (found.provider === 'prelude') return found;
    throw unsupported('Dynamic', 'Prelude');
  };
  const provider = async (): Promise<Provider> => ((await target()).provider === 'prelude' ? prelude() : dynamic());
  const prelude = once(async () => {
    const found = await preludeTarget();
    const { createPrelude } = await import('../providers/prelude/prelude.js');
    return createPrelude({ ...(await services()), target: found });
  });
  const dynamic = once(async () => {
    const found = await target();
    if (found.provider !== 'dynamic') throw unsupported('Prelude', 'Dynamic');
    const { createDynamic } = await import('../providers/dynamic/dynamic.js');
    return createDynamic({ ...(await services()), target: found, sleep: system.sleep, signal: system.signal });
  });
  const management = once(async () => {
    const found = await preludeTarget();
    const [{ createManagement }, { refuseMixUp }] = await Promise.all([
      import('../providers/prelude/management.js'),
      import('./mix-up.js'),
    ]);
    const key = await managementKey();
    await refuseMixUp(await http(), found, key);
    return createManagement({ http: await http(), target: { ...found, managementKey: key } });
  });
  const services = async () => ({ http: await http(), store, now: system.now, randomBytes: system.randomBytes });

  const managementKey = once(async () => {
    if (globals.managementKeyFile !== undefined) {
      return readSecret(system, globals.managementKeyFile, '--management-key-file');
    }
    const found = await preludeTarget();
    const known = found.managementKey ?? (await store.managementKey(managementKeyOf(found)));
    return known || terminal.ask({ message: 'Management key', flag: '--management-key-file', secret: true });
  });

  return {
    system,
    terminal,
    globals,
    store,
    timeoutSeconds,
    target,
    preludeTarget,
    http,
    provider,
    prelude,
    dynamic,
    management,
    managementKey,
  };
}

/** Under which name the store keeps what belongs to an application itself: its management key and its default hook. */
export function managementKeyOf(target: { managementUrl: string; appId: string }): {
  provider: string;
  host: string;
  application: string;
} {
  return { provider: 'prelude', host: target.managementUrl.replace(/^https?:\/\//, ''), application: target.appId };
}

/** Where the command tree has no better word: what only one service has. */
function unsupported(here: string, there: string): UsageError {
  return new UsageError('COMMAND_UNSUPPORTED', `${here} has nothing for this command; it is one of ${there}.`, {
    field: '--provider',
  });
}

function parseTimeout(text: string | undefined): number {
  if (text === undefined) return DEFAULT_TIMEOUT_SECONDS;
  const seconds = Number(text);
  if (text.trim() === '' || !(seconds > 0) || seconds > 3600) {
    throw new UsageError('FLAG_INVALID', `--timeout takes seconds from 1 to 3600, not "${text}".`, {
      field: '--timeout',
    });
  }
  return seconds;
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}
