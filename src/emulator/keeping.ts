/** What an emulator starts with, and what of it stays when it stops: seed, import, export. */
import { UsageError } from '../errors.js';
import type { StartOptions } from './emulator.js';
import type { StartParts } from './seed/start.js';
import type { Tenant } from './services.js';
import { checkWritable, writeStateFile } from './state-file.js';
import type { TenantDocuments } from './tenant-document.js';

export interface Keeping {
  /** Puts the tenants into the state in which they start. Throws FailedError STATE_INVALID, and what the store throws. */
  begin(parts: StartParts): Promise<void>;
  /** Writes everything to the file of `exportOnExit`, if there is one. Throws FailedError FILE_UNWRITABLE. */
  end(tenants: readonly Tenant[], documents: TenantDocuments): Promise<void>;
}

/**
 * Reads and checks what the options name, before anything starts. Throws FailedError FILE_UNREADABLE, SEED_INVALID, STATE_INVALID,
 * FILE_UNWRITABLE, and UsageError FLAG_CONFLICT.
 */
export async function prepareKeeping(options: StartOptions): Promise<Keeping> {
  const { seed, import: importPath, exportOnExit, rngSeed, store } = options;
  if (rngSeed !== undefined && store !== undefined) {
    throw new UsageError('FLAG_CONFLICT', '--rng-seed and --store cannot be used together.', {
      field: '--rng-seed',
      hint: 'Emulators that share a store would draw the same ids.',
    });
  }
  if (exportOnExit !== undefined) await checkWritable(exportOnExit);
  // Loaded late: most emulators start empty.
  const start = seed === undefined && importPath === undefined ? undefined : await import('./seed/start.js');
  const beginning = await start?.readBeginning({ seed, import: importPath });
  return {
    async begin(parts) {
      if (start && beginning) await start.begin(beginning, parts);
    },
    async end(tenants, documents) {
      if (exportOnExit === undefined) return;
      const all = tenants.map(async (tenant) => ({ tenant, document: await documents.export(tenant.id) }));
      await writeStateFile(exportOnExit, await Promise.all(all));
    },
  };
}
