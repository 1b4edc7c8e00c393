/** What the emulator answers to calls about snapshots, and where they are. */
import * as v from 'valibot';

/** An answer without a body. */
export const nothing = v.undefined();

export const snapshotSchema = v.object({ name: v.string(), takenAt: v.string(), bytes: v.number() });

/** A path of the control API for a tenant; the default one when none is named. */
export function pathOf(path: string, tenant: string | undefined): string {
  return tenant === undefined ? path : `${path}?${new URLSearchParams({ tenant }).toString()}`;
}

/** The path of a snapshot. */
export function snapshotPath(name: string, tenant: string | undefined): string {
  return pathOf(`/snapshots/${encodeURIComponent(name)}`, tenant);
}
