/** How the tenants of an emulator start: as the seed says, or as an imported file does. */
import { setTimeout as pause } from 'node:timers/promises';
import { createHash } from 'node:crypto';
import type { Services, Tenant } from '../services.js';
import { invalid, readStateFile, type KeptTenant, type TenantIds } from '../state-file.js';
import type { Json, State } from '../state/interface.js';
import { SHARED } from '../state/shared.js';
import { readSnapshot } from '../state/snapshot.js';
import { DocumentFault, type TenantDocuments } from '../tenant-document.js';
import { DEFAULT_TENANT } from '../tenant-names.js';
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
  /** In which state tenants start; filled here. */
  starts: Starts;
  /** The tenant of this id, made when there is none; with `ids` it is known by those. */
  ensureTenant(id: string, ids?: TenantIds): Promise<Tenant>;
}

/** In which state tenants start, as exports. */
export interface Starts {
  /** Of those that the seed names, by id. */
  named: Map<string, Json>;
  /** Of any other: that of the seed's default tenant, made for this one. Undefined: empty. */
  newcomer?: ((tenant: Tenant) => Promise<Json>) | undefined;
}

/** How long an emulator waits for another one of the store that is applying the same seed. Milliseconds. */
const PATIENCE_MS = 10_000;
const LOOK_MS = 50;

/**
 * Puts every tenant into the state in which it starts: an imported one as the file says, others as the seed does. On a store that
 * emulators share that happens once; what the store holds already stays. Throws FailedError STATE_INVALID.
 */
export async function begin({ seed, imported, importPath }: Beginning, parts: StartParts): Promise<void> {
  const { documents, services, starts, ensureTenant } = parts;
  const from = new Map(imported.map((kept) => [kept.id, kept]));
  const text = seed?.text ?? '';
  for (const [id, wish] of seed ? tenantsOf(seed.file) : []) {
    const tenant = await ensureTenant(id, from.get(id)?.ids);
    starts.named.set(id, await stateOf(tenant, wish, { text, services }));
    if (id === DEFAULT_TENANT) starts.newcomer = (newcomer) => stateOf(newcomer, wish, { text, services });
    if (from.has(id)) continue;
    await once(parts, tenant, text, async () => {
      await documents.reset(tenant.id);
      await services.emit(tenant.id, 'seed', { change: 'applied' });
    });
  }
  for (const { id, ids, document } of imported) {
    const tenant = await ensureTenant(id, ids);
    await once(parts, tenant, JSON.stringify(document), async () => {
      await documents.import(tenant.id, document).catch((error: unknown) => {
        throw error instanceof DocumentFault ? invalid(importPath, `${error.field}: ${error.message}`) : error;
      });
      await services.emit(tenant.id, 'state', { change: 'imported' });
    });
  }
}

/** What a tenant of a store has begun with, by its digest. */
interface Begun {
  with: string;
  done: boolean;
}

/**
 * Of several emulators that start on one store at once, one lets the tenant begin, and the others wait until it has. Emits `seed` with
 * `kept` when the store was in use already, or has begun with something else: no start throws anybody's work away.
 */
async function once(
  { state, services }: StartParts,
  tenant: Tenant,
  text: string,
  apply: () => Promise<void>,
): Promise<void> {
  const key = { tenant: SHARED, kind: 'begun', id: tenant.id };
  const digest = createHash('sha256').update(text).digest('hex');
  const note = (done: boolean): Promise<number> => state.put<Begun>(key, { with: digest, done });
  const kept = (): Promise<void> =>
    services.emit(tenant.id, 'seed', { change: 'kept', reason: 'the store was in use already' });

  if (await state.putIfAbsent<Begun>(key, { with: digest, done: false })) {
    const empty = await isEmpty(state, tenant.id);
    await (empty ? apply() : kept()).catch(async (error: unknown) => {
      await state.delete(key);
      throw error;
    });
    await note(true);
    return;
  }
  for (let left = PATIENCE_MS; left > 0; left -= LOOK_MS) {
    const found = (await state.get<Begun>(key))?.value;
    if (found?.done) return found.with === digest ? undefined : kept();
    await pause(LOOK_MS);
  }
  // Whoever began did not live to end it.
  await apply();
  await note(true);
}

async function isEmpty(state: State, tenant: string): Promise<boolean> {
  return readSnapshot(await state.export(tenant)).records.length === 0;
}
