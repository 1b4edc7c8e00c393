/** Everything of one tenant as one document: what `/state` exports and imports, what snapshots keep. It holds secrets. */
import * as v from 'valibot';
import type { MovableClock } from './clock.js';
import type { SeededRandom } from './rng.js';
import type { Json, State } from './state/interface.js';
import { realTimeTenant } from './tenant-place.js';

/** Grows when the document's shape changes. */
const VERSION = 1;

const instant = v.pipe(v.number(), v.safeInteger());

/** An exported tenant. */
export const TenantDocument = v.object({
  version: v.number(),
  clock: v.object({ offsetMs: instant, frozenAt: v.exactOptional(instant) }),
  /** How far the tenant's stream of `--rng-seed` was. */
  random: v.exactOptional(v.pipe(v.number(), v.safeInteger(), v.minValue(0))),
  state: v.custom<Json>((value) => typeof value === 'object' && value !== null, 'an exported state'),
});
export type TenantDocument = v.InferOutput<typeof TenantDocument>;

/** Why a document cannot be taken in; `field` is what of it is wrong. */
export class DocumentFault extends Error {
  constructor(
    readonly field: string,
    message: string,
  ) {
    super(message);
    this.name = 'DocumentFault';
  }
}

export interface TenantDocuments {
  export(tenant: string): Promise<TenantDocument>;
  /** Puts the document in place of everything of the tenant. Throws DocumentFault; then all is as it was. */
  import(tenant: string, document: TenantDocument): Promise<void>;
  /** Back to the start: the tenant's seed where it has one, else that of the default tenant, else empty; real time. */
  reset(tenant: string): Promise<void>;
}

export interface TenantDocumentOptions {
  state: State;
  clock: MovableClock;
  /** Absent without `--rng-seed`. */
  random: SeededRandom | undefined;
  /** The state in which a tenant starts, as an export; undefined when that is empty. */
  start(tenant: string): Promise<Json | undefined>;
}

/** Exports and imports tenants of a state, each with its clock. Streams and those who wait stay, and logs go on counting. */
export function createTenantDocuments({ state, clock, random, start }: TenantDocumentOptions): TenantDocuments {
  const replace = async (tenant: string, document: Omit<TenantDocument, 'version'>): Promise<void> => {
    // First: what has expired is judged by the document's own clock.
    const before = clock.setting(tenant);
    await clock.set(tenant, document.clock);
    try {
      await state.import(tenant, document.state);
    } catch (error) {
      await clock.set(tenant, before);
      if (error instanceof TypeError || error instanceof RangeError) throw new DocumentFault('state', error.message);
      throw error;
    }
    if (document.random !== undefined) random?.moveTo(tenant, document.random);
  };

  return {
    async export(tenant) {
      const { offsetMs, frozenAt } = clock.setting(tenant);
      return {
        version: VERSION,
        clock: { offsetMs, ...(frozenAt === undefined ? {} : { frozenAt }) },
        ...(random ? { random: random.position(tenant) } : {}),
        state: await state.export(tenant),
      };
    },
    async import(tenant, document) {
      const { version } = document;
      if (version !== VERSION) {
        throw new DocumentFault('version', `The document has version ${version}; this emulator reads ${VERSION}.`);
      }
      await replace(tenant, document);
    },
    async reset(tenant) {
      const initial = await start(tenant);
      await state.clear(realTimeTenant(tenant));
      if (initial === undefined) {
        await state.clear(tenant);
        await clock.set(tenant, { offsetMs: 0 });
        random?.moveTo(tenant, 0);
      } else {
        await replace(tenant, { clock: { offsetMs: 0 }, random: 0, state: initial });
      }
    },
  };
}
