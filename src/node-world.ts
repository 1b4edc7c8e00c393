/** The outside world for the library, which runs in a program of somebody else's: it installs nothing that stays. */
import { tmpdir } from 'node:os';
import { clock, outerFetch } from './outside.js';
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
  /** Lets `work` be done when the program ends; the function that it returns takes that back. */
  atExit(work: () => void): () => void;
}

/** One listener for all: Node warns of many. */
const last = new Set<() => void>();
const finish = (): void => {
  for (const work of last) work();
};

export const nodeWorld: NodeWorld = {
  env: process.env,
  temporary: tmpdir(),
  now: clock,
  randomBytes: (size) => crypto.getRandomValues(new Uint8Array(size)),
  fetch: outerFetch,
  sleep,
  warn: (text) => process.emitWarning(text, 'StepupEmulator'),
  atExit(work) {
    if (last.size === 0) process.on('exit', finish);
    last.add(work);
    return () => {
      last.delete(work);
      if (last.size === 0) process.removeListener('exit', finish);
    };
  },
};
