/** Clock and network of the machine, for the parts of the library that run in a program of somebody else's, on whatever runtime. */
import { fetchFor } from './proxy.js';

// What a test replaces for its own code (fake timers) is not to reach ours: taken when this module is loaded.
const { now } = Date;
const env = typeof process === 'undefined' ? {} : process.env;

/** Milliseconds since the epoch. */
export function clock(): number {
  return now();
}

/** Through the proxies that the environment names. */
export const outerFetch = fetchFor(env, (input, init) => fetch(input, init));
