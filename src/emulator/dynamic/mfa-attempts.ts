/** How often wrong codes may be tried. */
import { age, keyOf } from '../tenant-place.js';
import { DynamicError } from './errors.js';
import type { Place } from './parts.js';

const LIMIT = 5;
const WINDOW_MS = 300_000;

/**
 * Tries a code. An attempt is taken before `check` looks at it; a right one gives all attempts back. Throws DynamicError
 * `mfa_rate_limited` after five wrong ones in five minutes, and whatever `check` throws.
 */
export async function attempt<T>(place: Place, userId: string, check: () => Promise<T>): Promise<T> {
  const { state } = place.services;
  const key = keyOf(place, 'dynamic-mfa-attempts', userId);
  const { allowed } = await state.increment(key, { limit: LIMIT, expiresAt: age(place) + WINDOW_MS });
  if (!allowed) throw new DynamicError('mfa_rate_limited', `codes: expected at most ${LIMIT} wrong ones, got more`);
  const result = await check();
  await state.delete(key);
  return result;
}
