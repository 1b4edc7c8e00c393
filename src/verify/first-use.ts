/** What counts once, in the memory of this process. */

/** Milliseconds between two looks at everything, while there is no room. */
const PAUSE = 1000;

/**
 * A `firstUse` that knows up to `limit` ids at a time. Throws RangeError when none of them has ended and another comes: to forget one
 * would let it count twice. `now` in milliseconds.
 */
export function firstUseInMemory(now: () => number, limit = 250_000): (id: string, expiresAt: number) => boolean {
  const taken = new Map<string, number>();
  let looked = -Infinity;
  const forget = (everything: boolean): void => {
    for (const [id, expiresAt] of taken) {
      if (expiresAt <= now()) taken.delete(id);
      else if (!everything) break;
    }
  };
  return (id, expiresAt) => {
    forget(false);
    const until = taken.get(id);
    if (until !== undefined && until > now()) return false;
    if (taken.size >= limit && Math.abs(now() - looked) >= PAUSE) {
      looked = now();
      forget(true);
    }
    if (taken.size >= limit) throw new RangeError(`More than ${limit} proofs and tokens at a time: give a firstUse.`);
    taken.delete(id);
    taken.set(id, expiresAt);
    return true;
  };
}
