/** The backends of examples/probe-backends, on an emulator of a test's own. */
import type { Ready } from '../../src/emulator/emulator.js';

export type ProviderName = 'prelude' | 'dynamic';

interface Mistake {
  is: string;
  providers: ProviderName[];
  style?: boolean;
}

export interface Backend {
  origin: string;
  close(): Promise<void>;
}

export interface BackendOptions {
  mistake?: string | undefined;
  once?: boolean;
  verificationJwksUrl?: string;
  isLive?: () => Promise<boolean>;
}

interface Sample {
  startBackend(options: object): Promise<Backend>;
  fromEnvironment(provider: ProviderName, env: Record<string, string>): object;
}

const folder = new URL('../../examples/probe-backends/', import.meta.url);
const load = async <T>(name: string): Promise<T> => (await import(new URL(name, folder).href)) as T;

const { startBackend, fromEnvironment } = await load<Sample>('backend.mjs');
const { emulatorVariables } = await import('../../src/emulator/environment.js');
const { mistakes } = await load<{ mistakes: Record<string, Mistake> }>('mistakes.mjs');

export const SCOPES = { prelude: 'transfer:write', dynamic: 'wallet:export' } as const;

/** What can be planted at a service, by name. */
export function mistakesAt(provider: ProviderName): Record<string, Mistake> {
  return Object.fromEntries(Object.entries(mistakes).filter(([, { providers }]) => providers.includes(provider)));
}

/** Starts one for that service of the emulator, asking for its scope. */
export function startSample(provider: ProviderName, ready: Ready, options: BackendOptions = {}): Promise<Backend> {
  return startBackend({
    ...fromEnvironment(provider, emulatorVariables(ready)),
    scope: SCOPES[provider],
    ...options,
  });
}
