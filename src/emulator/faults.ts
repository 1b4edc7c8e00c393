/** Faults that a test asked for, kept in the state: which requests they meet, how often, and what they do. */
import * as v from 'valibot';
import { canonicalIdentity } from './scenarios.js';
import type { State } from './state/interface.js';

/** Ten years. */
const MAX_SKEW = 10 * 365 * 86_400;

/** What a fault does to a request; one of these. */
export const FAULT_ACTIONS = {
  status: v.strictObject({
    status: v.pipe(v.number(), v.integer(), v.minValue(400), v.maxValue(599)),
    /** A JSON value, or a string that is sent as it is. Absent: the service's own body for this status. */
    body: v.exactOptional(v.unknown()),
    /** Headers of the answer, e.g. `Retry-After`. */
    headers: v.exactOptional(
      v.record(
        v.pipe(v.string(), v.regex(/^[A-Za-z0-9-]{1,64}$/)),
        v.pipe(v.string(), v.regex(/^[\x20-\x7e]{0,1000}$/)),
      ),
    ),
  }),
  latencyMs: v.strictObject({ latencyMs: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(600_000)) }),
  drop: v.strictObject({ drop: v.picklist(['before', 'after']) }),
  requireNonce: v.strictObject({ requireNonce: v.literal(true) }),
  /** Seconds by which the answer's `Date` is ahead of real time; negative: behind. */
  skewDateSeconds: v.strictObject({
    skewDateSeconds: v.pipe(v.number(), v.integer(), v.minValue(-MAX_SKEW), v.maxValue(MAX_SKEW)),
  }),
  /** Bytes of the answer's body that are sent before the connection is cut. */
  truncate: v.strictObject({ truncate: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(1_000_000)) }),
  /** The service's access tokens are signed by a new key from this request on. */
  rotateKey: v.strictObject({ rotateKey: v.literal(true) }),
  /** The hook call that the request makes is treated as timed out. */
  hookTimeout: v.strictObject({ hookTimeout: v.literal(true) }),
} as const;

export type FaultActionName = keyof typeof FAULT_ACTIONS;

const count = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1_000_000_000));

/** A fault without what it does, as it is posted. */
export const FaultFrame = v.strictObject({
  match: v.exactOptional(
    v.strictObject({
      method: v.exactOptional(v.pipe(v.string(), v.regex(/^[A-Za-z]{1,20}$/), v.toUpperCase())),
      /** Path without query; `*` stands for any run of characters. */
      path: v.exactOptional(v.pipe(v.string(), v.startsWith('/'), v.maxLength(500))),
      /** A phone number, an address or wallet, or the id of a user or session, in any case of letters. */
      identity: v.exactOptional(v.pipe(v.string(), v.minLength(1), v.maxLength(320))),
    }),
    {},
  ),
  /** How often it happens before it is used up. Absent: for ever. */
  times: v.exactOptional(count),
  /** It happens to every Nth request that it matches. Absent: to each. */
  everyNth: v.exactOptional(count),
  do: v.looseObject({}),
});

export type FaultAction = v.InferOutput<(typeof FAULT_ACTIONS)[FaultActionName]>;

export interface Fault extends Omit<v.InferOutput<typeof FaultFrame>, 'do'> {
  id: string;
  do: FaultAction;
}

/** What a fault does, for the event log: an answer's body and headers may hold a secret. */
export function actionShown(action: FaultAction): Partial<FaultAction> {
  return 'status' in action ? { status: action.status } : action;
}

/** A fault, with how many requests it has met and to how many it has happened. */
export interface FaultReport extends Fault {
  matched: number;
  happened: number;
}

/** A request, as far as a fault looks at it. */
export interface FaultTarget {
  method: string;
  /** Path without query. */
  path: string;
  /** Who the request is about, in canonical form; asked for only when a fault wants to know. */
  identities(): Promise<ReadonlySet<string>>;
}

export interface Faults {
  add(tenant: string, fault: Omit<Fault, 'id'>): Promise<FaultReport>;
  list(tenant: string): Promise<FaultReport[]>;
  /** False when there is none with this id. */
  remove(tenant: string, id: string): Promise<boolean>;
  removeAll(tenant: string): Promise<void>;
  /** The fault that happens to this request: the oldest that matches it and whose turn it is. Counts it. */
  next(tenant: string, target: FaultTarget): Promise<Fault | undefined>;
}

const FAULT = 'fault';
const MATCHED = 'fault-matched';
const HAPPENED = 'fault-happened';

/** The faults of a state. Counters are the state's own, so that requests at once are counted once each. */
export function createFaults(state: State, randomBytes: (size: number) => Uint8Array): Faults {
  const counted = async (tenant: string, kind: string, id: string): Promise<number> =>
    (await state.get<number>({ tenant, kind, id }))?.value ?? 0;

  const report = async (tenant: string, fault: Fault): Promise<FaultReport> => ({
    ...fault,
    matched: await counted(tenant, MATCHED, fault.id),
    happened: await counted(tenant, HAPPENED, fault.id),
  });

  const all = async (tenant: string): Promise<Fault[]> =>
    (await state.list<Fault>(tenant, FAULT)).map(({ value }) => value);

  const remove = async (tenant: string, id: string): Promise<boolean> => {
    const removed = await state.delete({ tenant, kind: FAULT, id });
    await state.delete({ tenant, kind: MATCHED, id });
    await state.delete({ tenant, kind: HAPPENED, id });
    return removed;
  };

  /** Counts a match; true when it is this request's turn and the fault is not used up. */
  const isDue = async (tenant: string, { id, everyNth = 1, times }: Fault): Promise<boolean> => {
    const { count: met } = await state.increment({ tenant, kind: MATCHED, id }, { limit: Number.MAX_SAFE_INTEGER });
    if (met % everyNth !== 0) return false;
    const limit = times ?? Number.MAX_SAFE_INTEGER;
    return (await state.increment({ tenant, kind: HAPPENED, id }, { limit })).allowed;
  };

  return {
    async add(tenant, given) {
      const fault: Fault = { id: `flt_${Buffer.from(randomBytes(8)).toString('hex')}`, ...given };
      await state.put({ tenant, kind: FAULT, id: fault.id }, fault);
      return { ...fault, matched: 0, happened: 0 };
    },
    list: async (tenant) => Promise.all((await all(tenant)).map((fault) => report(tenant, fault))),
    remove,
    async removeAll(tenant) {
      for (const { id } of await all(tenant)) await remove(tenant, id);
    },
    async next(tenant, target) {
      for (const fault of await all(tenant)) {
        if ((await matches(fault, target)) && (await isDue(tenant, fault))) return fault;
      }
      return undefined;
    },
  };
}

async function matches({ match }: Fault, target: FaultTarget): Promise<boolean> {
  // A browser's preflight is no call of the service: only a fault that names OPTIONS meets it.
  if (match.method === undefined ? target.method === 'OPTIONS' : match.method !== target.method) return false;
  if (match.path !== undefined && !fitsPath(match.path, target.path)) return false;
  return match.identity === undefined || (await target.identities()).has(canonicalIdentity(match.identity));
}

/** Compares piece by piece, in time that grows with the length only. */
function fitsPath(pattern: string, path: string): boolean {
  const [first = '', ...rest] = pattern.split('*');
  const last = rest.pop();
  if (last === undefined) return path === pattern;
  if (!path.startsWith(first)) return false;
  let at = first.length;
  for (const piece of rest) {
    const found = path.indexOf(piece, at);
    if (found < 0) return false;
    at = found + piece.length;
  }
  return path.length - last.length >= at && path.endsWith(last);
}
