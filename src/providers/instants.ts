/** Instants as they are kept and shown: ISO 8601 in UTC, by our clock. */

/** ISO 8601 in UTC of milliseconds since the epoch. */
export function iso(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}

/** Whether an ISO instant has passed, `marginMs` milliseconds early. `now` is in milliseconds. */
export function hasPassed(instantText: string, now: number, marginMs = 0): boolean {
  return Date.parse(instantText) - marginMs <= now;
}

/** An instant of the service's clock (Unix seconds) on ours. `offsetSeconds` is by how much the service's is ahead. */
export function localInstant(seconds: number, { offsetSeconds }: { offsetSeconds: number }): string {
  // One second is rounding, not a difference.
  const offset = Math.abs(offsetSeconds) > 1 ? offsetSeconds : 0;
  return iso((seconds - offset) * 1000);
}

/**
 * When a code was sent, by the service's clock. `startedAt` is the time before the call in milliseconds: whoever looks for the message
 * from this instant on must not miss it, whichever clock is wrong.
 */
export function sentAt(startedAt: number, { offsetSeconds }: { offsetSeconds: number }): string {
  // The `Date` of an answer has whole seconds, so a difference below two may be none.
  const offset = Math.abs(offsetSeconds) < 2 ? 0 : offsetSeconds - 1;
  return iso(startedAt + offset * 1000);
}
