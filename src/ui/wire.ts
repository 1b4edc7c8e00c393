/**
 * What the control API answers. The page comes from the emulator that it asks, out of one build: what that says is taken as it is, and
 * nothing of it is ever read as markup.
 */
import type { EmulatorEvent, Message } from '../emulator/emulator.js';
import type { ShownChallenge, ShownSession, UiData } from '../emulator/control/ui-shapes.js';

export type { Message, UiData, EmulatorEvent as Event, ShownChallenge as Challenge, ShownSession as Session };

/** Where a tenant's clock stands: `offset` in seconds. */
export interface Standing {
  now: string;
  ageNow: string;
  offset: number;
  frozen: boolean;
}

export interface Fault {
  id: string;
  match: { method?: string; path?: string; identity?: string };
  times?: number;
  everyNth?: number;
  do: Record<string, unknown>;
  matched: number;
  happened: number;
}

export interface Snapshot {
  name: string;
  takenAt: string;
  bytes: number;
}

/** RFC 9457, with the field that is wrong. */
export interface Problem {
  detail?: unknown;
  field?: unknown;
}
