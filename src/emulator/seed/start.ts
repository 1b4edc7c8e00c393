/** How the tenants of an emulator start: as the seed says, or as an imported file does. */
import { setTimeout as pause } from 'node:timers/promises';
import { createHash } from 'node:crypto';
import type { Services, Tenant } from '../services.js';
import { invalid, readStateFile, type KeptTenant, type TenantIds } from '../state-file.js';
import type { Json, State } from '../state/interface.js';
import { SHARED } from '../state/shared.js';
import { readSnapshot } from '../state/snapshot.js';
import { DocumentFault, type TenantDocuments } from '../tenant-document.js';
import { stateOf } from './apply.js';
import { tenantsOf } from './document.js';
import { parseSeedObject, readSeedFile, type Seed } from './read.js';

/** What an emulator starts with, read and checked. */
export interface Beginning {
  seed: Seed | undefined;
  imported: KeptTenant[];
  /** The file of `imported`, for errors. */
  importPath: string;
}

/** Reads seed and import before anything starts. Throws FailedError FILE_UNREADABLE, SEED_INVALID, STATE_INVALID. */
export async function readBeginning(options: {
  seed?: string | object | undefined;
  import?: string | undefined;
}): Promise<Beginning> {
  const { seed, import: importPath } = options;
  return {
    seed: typeof seed === 'string' ? await readSeedFile(seed) : seed && parseSeedObject(seed),
    imported: importPath === undefined ? [] : await readStateFile(importPath),
    importPath: importPath ?? '',
  };
}

export interface StartParts {
  state: State;
  documents: TenantDocuments;
  services: Services;
  /** States in which tenants start, by tenant; filled here. */
  starts: Map<string, Json>;
  /** The tenant of this id, made when there is none; with `ids` it is known by those. */
  ensureTenant(id: string, ids?: TenantIds): Promise<Tenant>;
}

/** How long an emulator waits for another one of the store that is applying the same seed. Milliseconds. */
const PATIENCE_MS = 10_000;
const LOOK_MS = 50;

/**
 * Puts every tenant into the state in which it starts: an imported one as the file says, others as the seed does. On a store that
 * emulators share, a seed is applied once; what the store holds already stays until a reset. Throws FailedError STATE_INVALID.
 */
export async function begin({ seed, imported, importPath }: Beginning, parts: StartParts): Promise<void> {
  const { documents, services, starts, ensureTenant } = parts;
  const from = new Map(imported.map((kept) => [kept.id, kept]));
  for (const [id, wish] of seed ? tenantsOf(seed.file) : []) {
    const tenant = await ensureTenant(id, from.get(id)?.ids);
    const start = await stateOf(tenant, wish, { text: seed?.text ?? '', services });
    starts.set(id, start);
    if (!from.has(id)) await seedOnce(parts, tenant, createHash('sha256').update(seed?.text ?? '').digest('hex'));
  }
  for (const { id, ids, document } of imported) {
    const tenant = await ensureTenant(id, ids);
    await documents.import(tenant.id, document).catch((error: unknown) => {
      throw error instanceof DocumentFault ? invalid(importPath, `${error.field}: ${error.message}`) : error;
    });
    await services.emit(tenant.id, 'state', { change: 'imported' });
  }
}

interface Seeded {
  seed: string;
  done: boolean;
}

/** Of several emulators that start on one store at once, one applies the seed, and the others wait until it is there. */
async function seedOnce({ state, documents, services }: StartParts, tenant: Tenant, seed: string): Promise<void> {
  const key = { tenant: SHARED, kind: 'seeded', id: tenant.id };
  const apply = async (): Promise<void> => {
    await documents.reset(tenant.id);
    await state.put<Seeded>(key, { seed, done: true });
    await services.emit(tenant.id, 'seed', { change: 'applied' });
  };
  const kept = async (): Promise<void> => {
    await services.emit(tenant.id, 'seed', { change: 'kept', reason: 'the store was in use already' });
  };
  if (await state.putIfAbsent<Seeded>(key, { seed, done: false })) {
    if (await isEmpty(state, tenant.id)) return apply();
    await state.put<Seeded>(key, { seed, done: true });
    return kept();
  }
  for (let left = PATIENCE_MS; left > 0; left -= LOOK_MS) {
    const found = (await state.get<Seeded>(key))?.value;
    // Another seed than the store was started with is for the next reset: no start throws anybody's work away.
    if (found?.done) return found.seed === seed ? undefined : kept();
    await pause(LOOK_MS);
  }
  // Whoever began did not live to end it.
  return apply();
}

async function isEmpty(state: State, tenant: string): Promise<boolean> {
  return readSnapshot(await state.export(tenant)).records.length === 0;
}
