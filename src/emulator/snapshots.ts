/** Named snapshots of a tenant. They are kept in the store, beside the tenants: no reset and no restore takes them away. */
import type { State } from './state/interface.js';
import { SHARED } from './state/shared.js';
import { TenantDocument, type TenantDocuments } from './tenant-document.js';
import * as v from 'valibot';

/** A snapshot as a list shows it. */
export interface SnapshotInfo {
  name: string;
  /** ISO 8601, real time. */
  takenAt: string;
  /** Size of its document. */
  bytes: number;
}

/** Snapshots that a tenant may have. */
export const MAX_SNAPSHOTS = 20;
/** Bytes that all snapshots of a tenant may have together. */
export const MAX_SNAPSHOT_BYTES = 64 * 1024 * 1024;

export interface Snapshots {
  /** Takes one, in place of one of that name. Returns undefined when the tenant has too many, or too large ones. */
  take(tenant: string, name: string, now: number): Promise<SnapshotInfo | undefined>;
  /** Puts one in place of everything of the tenant. False when there is none of that name. */
  restore(tenant: string, name: string): Promise<boolean>;
  /** In the order of their taking. */
  list(tenant: string): Promise<SnapshotInfo[]>;
  /** False when there is none of that name. */
  remove(tenant: string, name: string): Promise<boolean>;
  removeAll(tenant: string): Promise<void>;
}

const KIND = 'snapshot';
const DOCUMENT = 'snapshot-document';

/** The snapshots of a state. */
export function createSnapshots(state: State, documents: TenantDocuments): Snapshots {
  const keyOf = (kind: string, tenant: string, name: string) => ({ tenant: SHARED, kind, id: `${tenant} ${name}` });

  const list = async (tenant: string): Promise<SnapshotInfo[]> =>
    (await state.listByIndex<SnapshotInfo>(SHARED, KIND, 'tenant', tenant))
      .map(({ value }) => value)
      .sort((one, other) => Date.parse(one.takenAt) - Date.parse(other.takenAt));

  const remove = async (tenant: string, name: string): Promise<boolean> => {
    await state.delete(keyOf(DOCUMENT, tenant, name));
    return state.delete(keyOf(KIND, tenant, name));
  };

  return {
    async take(tenant, name, now) {
      const document = await documents.export(tenant);
      const info = { name, takenAt: new Date(now).toISOString(), bytes: Buffer.byteLength(JSON.stringify(document)) };
      const others = (await list(tenant)).filter((other) => other.name !== name);
      const total = others.reduce((sum, { bytes }) => sum + bytes, info.bytes);
      if (others.length >= MAX_SNAPSHOTS || total > MAX_SNAPSHOT_BYTES) return undefined;
      await state.put(keyOf(DOCUMENT, tenant, name), document);
      await state.put(keyOf(KIND, tenant, name), info, { index: { tenant } });
      return info;
    },
    async restore(tenant, name) {
      const kept = await state.get(keyOf(DOCUMENT, tenant, name));
      if (!kept) return false;
      await documents.import(tenant, v.parse(TenantDocument, kept.value));
      return true;
    },
    list,
    remove,
    async removeAll(tenant) {
      for (const { name } of await list(tenant)) await remove(tenant, name);
    },
  };
}
