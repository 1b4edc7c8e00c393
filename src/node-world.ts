/** The outside world for the library, which runs in a program of somebody else's: it installs nothing there. */
import { tmpdir } from 'node:os';
import { fetchFor } from './proxy.js';
import { sleep } from './sleep.js';
import type { Env } from './system.js';

export interface NodeWorld {
  readonly env: Env;
  /** Where temporary folders are made. */
  readonly temporary: string;
  /** Milliseconds since the epoch. */
  now(): number;
  randomBytes(size: number): Uint8Array;
  /** Through the proxies that the environment names. */
  fetch: typeof fetch;
  /** Resolves after `ms` milliseconds; rejects with the signal's reason when it fires first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Says what is wrong with us, as Node says its own warnings. */
  warn(text: string): void;
}

// What a test replaces for its own code (fake timers) is not to reach the emulator: taken when this module is loaded.
const { now } = Date;

export const nodeWorld: NodeWorld = {
  env: process.env,
  temporary: tmpdir(),
  now: () => now(),
  randomBytes: (size) => crypto.getRandomValues(new Uint8Array(size)),
  fetch: fetchFor(process.env, (input, init) => fetch(input, init)),
  sleep,
  warn: (text) => process.emitWarning(text, 'StepupEmulator'),
};
