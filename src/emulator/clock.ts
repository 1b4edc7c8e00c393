/** Two times: the real one, for everything on the wire, and each tenant's own, which only ages what can expire. */
import type { Clock } from './services.js';

/** Where a tenant's clock stands. */
export interface ClockSetting {
  /** Milliseconds that its running clock is ahead of real time; negative when it is behind. */
  offsetMs: number;
  /** Milliseconds since the epoch at which it stands still; undefined while it runs. */
  frozenAt?: number | undefined;
}

export interface MovableClock extends Clock {
  setting(tenant: string): ClockSetting;
  set(tenant: string, setting: ClockSetting): void;
  /** Moves it ahead by milliseconds, or back by negative ones; a frozen clock stays frozen at the later time. */
  advance(tenant: string, ms: number): void;
  /** Sets how far it is ahead of real time now, in milliseconds; a frozen clock stays frozen there. */
  offset(tenant: string, ms: number): void;
  /** Stops it where it stands. Does nothing to a frozen one. */
  freeze(tenant: string): void;
  /** Lets it run on from where it stands. Does nothing to a running one. */
  resume(tenant: string): void;
}

/** A clock on the real time `now` (milliseconds since the epoch), with every tenant at real time. */
export function createClock(now: () => number): MovableClock {
  const settings = new Map<string, ClockSetting>();
  const setting = (tenant: string): ClockSetting => settings.get(tenant) ?? { offsetMs: 0 };
  const ageNow = (tenant: string): number => {
    const { offsetMs, frozenAt } = setting(tenant);
    return frozenAt ?? now() + offsetMs;
  };
  const moveTo = (tenant: string, time: number): void => {
    const { frozenAt } = setting(tenant);
    settings.set(tenant, { offsetMs: time - now(), ...(frozenAt === undefined ? {} : { frozenAt: time }) });
  };

  return {
    now,
    ageNow,
    setting,
    set: (tenant, given) => void settings.set(tenant, given),
    advance: (tenant, ms) => moveTo(tenant, ageNow(tenant) + ms),
    offset: (tenant, ms) => moveTo(tenant, now() + ms),
    freeze(tenant) {
      settings.set(tenant, { offsetMs: setting(tenant).offsetMs, frozenAt: ageNow(tenant) });
    },
    resume(tenant) {
      settings.set(tenant, { offsetMs: ageNow(tenant) - now() });
    },
  };
}
