/** The tenant's clock as the page reckons it between two answers of the emulator, and the past of that clock. */
import { isOtherHistory } from './history.js';
import type { Event, Standing } from './wire.js';

export interface ClockFace {
  /** The emulator's real time in milliseconds. */
  now(): number;
  /** The tenant's clock in milliseconds. */
  ageNow(): number;
  /** Seconds that the tenant's clock is ahead of real time. */
  offset(): number;
  frozen: boolean;
}

/** Goes on from where the emulator's clock stood at `readAt`, a time of this machine's own clock `now`. */
export function clockFace(standing: Standing | undefined, readAt: number, now: () => number): ClockFace {
  const skew = standing ? Date.parse(standing.now) - readAt : 0;
  const real = (): number => now() + skew;
  const frozen = standing?.frozen ?? false;
  const ageNow = (): number =>
    standing && frozen ? Date.parse(standing.ageNow) : real() + (standing?.offset ?? 0) * 1000;
  return { now: real, ageNow, offset: () => (ageNow() - real()) / 1000, frozen };
}

/** Where a clock stood from an event on; undefined when that is not known. */
type Past = Pick<Standing, 'offset' | 'frozen' | 'ageNow'> | undefined;

const REAL: Past = { offset: 0, frozen: false, ageNow: '' };

/**
 * Reads the tenant's clock at the times of past events, which come in their order: a token ages by that clock, while its own `exp` tells
 * real time. It starts at real time, unless the first of all events is no longer kept.
 */
export function createPastClock(): { take(event: Event): void; ageAt(event: Event): number | undefined } {
  let past: Past;
  let begun = false;
  return {
    take(event) {
      if (!begun && event.id === 1) past = REAL;
      begun = true;
      if (event.type === 'clock') past = pastOf(event);
      if (event.type === 'state' && event['change'] === 'cleared') past = REAL;
      else if (isOtherHistory(event)) past = undefined;
    },
    ageAt({ at }) {
      if (!past) return undefined;
      return past.frozen ? Date.parse(past.ageNow) : Date.parse(at) + past.offset * 1000;
    },
  };
}

function pastOf({ offset, frozen, ageNow }: Event): Past {
  return typeof offset === 'number' && typeof ageNow === 'string'
    ? { offset, ageNow, frozen: frozen === true }
    : undefined;
}
