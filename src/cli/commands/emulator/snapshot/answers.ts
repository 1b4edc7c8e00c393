/** What the emulator answers to calls about snapshots, and where they are. */
import * as v from 'valibot';
import { segment } from '../../../emulator-client.js';

/** An answer without a body. */
export const nothing = v.undefined();

export const snapshotSchema = v.object({ name: v.string(), takenAt: v.string(), bytes: v.number() });

/** The path of a snapshot. Throws UsageError FLAG_INVALID for a name that no path can have. */
export function snapshotPath(name: string): string {
  return `/snapshots/${segment(name, '<name>')}`;
}
