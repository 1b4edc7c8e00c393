/** Codes of authenticator apps whose secret is in the store. No code is used twice (RFC 6238 §5.2), by whichever process. */
import type { TotpSecret } from '../../authenticator/totp.js';
import type { Keyring, KeptTotp } from '../keyring.js';

export interface TotpClock {
  /** Milliseconds since the epoch. */
  now(): number;
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  readonly signal: AbortSignal;
  /** Seconds by which the service's clock is known to be ahead of ours. */
  offsetSeconds(): number;
}

/** By the service's clock, as far as it is known. One second is rounding. */
export function serviceNow({ now, offsetSeconds }: Pick<TotpClock, 'now' | 'offsetSeconds'>): number {
  const offset = offsetSeconds();
  return now() + (Math.abs(offset) > 1 ? offset * 1000 : 0);
}

/** A step this far ahead is worth no wait: it was reserved by a clock that was wrong. */
const MOST_AHEAD = 3;

/**
 * Computes codes of a device for one step. The first may be that of the next time step, when this one's was used: services take one
 * step either way. After a refusal by the same clock it waits until a step of its own has begun. Undefined when there is nothing better
 * to try.
 */
export function computedCodes(
  keyring: Keyring,
  { id, kept }: { id: string; kept: KeptTotp },
  clock: TotpClock,
): () => Promise<string | undefined> {
  let before: { step: number; exact: boolean; offset: number } | undefined;
  return async () => {
    const { codeOf, stepAt } = await import('../../authenticator/totp.js');
    const offset = clock.offsetSeconds();
    // One second is rounding.
    const sameClock = before !== undefined && Math.abs(before.offset - offset) <= 1;
    if (sameClock && before?.exact) return undefined;
    const current = stepAt(kept, serviceNow(clock));
    const reserved = await keyring.takeTotpStep(id, current);
    const step = reserved > current + MOST_AHEAD ? unusedSince(current, kept) : reserved;
    if (step !== reserved) await keyring.saveTotp(id, { ...kept, usedStep: step });
    const early = sameClock ? 0 : 1;
    await until(kept, step - early, clock);
    before = { step, exact: step === stepAt(kept, serviceNow(clock)), offset };
    return codeOf(kept, step);
  };
}

/** The first step from `current` on that was unused when the challenge began, by a clock that was right. */
function unusedSince(current: number, { usedStep = -1 }: KeptTotp): number {
  return usedStep > current + MOST_AHEAD ? current : Math.max(current, usedStep + 1);
}

async function until({ period }: TotpSecret, step: number, clock: TotpClock): Promise<void> {
  const wait = step * period * 1000 - serviceNow(clock);
  if (wait > 0) await clock.sleep(wait, clock.signal);
}
