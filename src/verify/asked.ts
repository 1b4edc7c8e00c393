/** What a backend has given the verifier to ask, asked. */
import { Refused } from './refusal.js';

/**
 * Seconds for which what counts once is remembered beyond its end: another process of the backend, whose clock is behind, may take it
 * still.
 */
export const SPARE = 60;

/** What it answers. Throws Refused `temporarily_unavailable`: who cannot be asked has not agreed. */
export async function asked<T>(ask: () => T | Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    throw new Refused('temporarily_unavailable', 'something of this backend failed', { cause: error });
  }
}

/** Whether it says true, and not only something that counts as true. Throws as `asked` does. */
export async function saysYes(ask: () => unknown): Promise<boolean> {
  return (await asked(ask)) === true;
}
