/** The outside world for the library, which runs in a program of somebody else's: it installs nothing there. */
import { tmpdir } from 'node:os';
import type { Env } from './system.js';

export interface NodeWorld {
  readonly env: Env;
  /** Where temporary folders are made. */
  readonly temporary: string;
  /** Milliseconds since the epoch. */
  now(): number;
  randomBytes(size: number): Uint8Array;
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
  warn: (text) => process.emitWarning(text, 'StepupEmulator'),
};
