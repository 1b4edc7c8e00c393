/** Two times: the real one, for everything on the wire, and each tenant's own, which only ages what can expire. */
import type { Clock } from './services.js';
import type { State } from './state/interface.js';
import { SHARED } from './state/shared.js';

/** Where a tenant's clock stands. */
export interface ClockSetting {
  /** Milliseconds that its running clock is ahead of real time; negative when it is behind. */
  offsetMs: number;
  /** Milliseconds since the epoch at which it stands still; undefined while it runs. */
  frozenAt?: number | undefined;
}

/**
 * The clocks of all tenants. With a store that several emulators share, a change is theirs, too: each sees it with `refresh`. Changes
 * throw StoreAwayError.
 */
export interface MovableClock extends Clock {
  setting(tenant: string): ClockSetting;
  /** Learns where another emulator of the same store has moved the tenant's clock to. Each request does so at the door. */
  refresh(tenant: string): Promise<void>;
  set(tenant: string, setting: ClockSetting): Promise<void>;
  /** Moves it ahead by milliseconds, or back by negative ones; a frozen clock stays frozen at the later time. */
  advance(tenant: string, ms: number): Promise<void>;
  /** Sets how far it is ahead of real time now, in milliseconds; a frozen clock stays frozen there. */
  offset(tenant: string, ms: number): Promise<void>;
  /** Stops it where it stands. Does nothing to a frozen one. */
  freeze(tenant: string): Promise<void>;
  /** Lets it run on from where it stands. Does nothing to a running one. */
  resume(tenant: string): Promise<void>;
}

type Change = (setting: ClockSetting) => ClockSetting;

const REAL: ClockSetting = { offsetMs: 0 };

/**
 * A clock on the real time `now` (milliseconds since the epoch), with every tenant at real time. `shared` is the state through which
 * emulators share their clocks; without one they are this process's own.
 */
export function createClock(now: () => number, shared?: () => State): MovableClock {
  const settings = new Map<string, ClockSetting>();
  const setting = (tenant: string): ClockSetting => settings.get(tenant) ?? REAL;
  const ageBy = ({ offsetMs, frozenAt }: ClockSetting): number => frozenAt ?? now() + offsetMs;
  const keyOf = (tenant: string) => ({ tenant: SHARED, kind: 'clock', id: tenant });

  const change = async (tenant: string, by: Change): Promise<void> => {
    settings.set(tenant, shared ? await amend(shared(), tenant, by) : by(setting(tenant)));
  };
  /** Of two emulators that move it at once, both do. */
  const amend = async (state: State, tenant: string, by: Change): Promise<ClockSetting> => {
    for (;;) {
      const kept = await state.get<ClockSetting>(keyOf(tenant));
      const next = by(kept?.value ?? REAL);
      const written = kept
        ? await state.update(keyOf(tenant), kept.version, next)
        : await state.putIfAbsent(keyOf(tenant), next);
      if (written) return next;
    }
  };

  return {
    now,
    ageNow: (tenant) => ageBy(setting(tenant)),
    setting,
    async refresh(tenant) {
      if (shared) settings.set(tenant, (await shared().get<ClockSetting>(keyOf(tenant)))?.value ?? REAL);
    },
    set: (tenant, given) => change(tenant, () => given),
    advance: (tenant, ms) =>
      change(tenant, ({ offsetMs, frozenAt }) =>
        frozenAt === undefined ? { offsetMs: offsetMs + ms } : { offsetMs, frozenAt: frozenAt + ms },
      ),
    offset: (tenant, ms) =>
      change(tenant, ({ frozenAt }) =>
        frozenAt === undefined ? { offsetMs: ms } : { offsetMs: ms, frozenAt: now() + ms },
      ),
    freeze: (tenant) => change(tenant, (from) => ({ offsetMs: from.offsetMs, frozenAt: ageBy(from) })),
    resume: (tenant) => change(tenant, (from) => ({ offsetMs: ageBy(from) - now() })),
  };
}
