/** Entries of `allowed_scopes`: made, put into the list, and told. */
import { isDeepStrictEqual } from 'node:util';
import type { AllowedScope, DirectVerdict } from '../../../providers/prelude/config.js';
import type { Verdict } from '../../verdict.js';

export type Mode = AllowedScope['mode'];
export type IdentifierType = DirectVerdict['identifier_types'][number];

/** What decides about a scope, as it is asked for. */
export type Wanted =
  | { mode: 'delegated'; hookUrl: string }
  | { mode: 'direct'; identifierTypes: IdentifierType[]; verdict: Verdict }
  | { mode: 'managed' };

/**
 * Puts a scope into the list. An entry for the same scope and the same users is replaced, with the fields that we do not know
 * kept; so is every entry of another mode. A new one goes after the others of its scope: the first that fits a user decides, and
 * what was decided before stays so. All other entries stay as they are.
 */
export function putEntry(
  entries: AllowedScope[],
  scope: string,
  wanted: Wanted,
): { entries: AllowedScope[]; entry: AllowedScope; replaced: AllowedScope[]; changed: boolean } {
  const same = entries.filter((entry) => entry.scope === scope);
  const twin = same.find((entry) => isTwin(entry, wanted));
  const entry = makeEntry(scope, wanted, twin);
  const gone = same.filter((other) => other === twin || other.mode !== wanted.mode || wanted.mode !== 'direct');
  if (gone.length === 1 && isDeepStrictEqual(twin, entry)) return { entries, entry, replaced: [], changed: false };
  const place = placeOf(entries, twin ?? gone[0], same.at(-1));
  return {
    entries: [...entries.slice(0, place), entry, ...entries.slice(place)].filter((other) => !gone.includes(other)),
    entry,
    replaced: gone,
    changed: true,
  };
}

/** Where an entry goes: where the one is that it replaces, else after the last of its scope, else at the end. */
function placeOf(entries: AllowedScope[], replaced: AllowedScope | undefined, last: AllowedScope | undefined): number {
  if (replaced) return entries.indexOf(replaced);
  return last ? entries.indexOf(last) + 1 : entries.length;
}

/** Prelude: whether those before it decide about every user that the entry is for, so that nobody reaches it. */
export function isShadowed(entries: AllowedScope[], entry: AllowedScope): boolean {
  const before = entries.slice(0, entries.indexOf(entry)).filter(({ scope }) => scope === entry.scope);
  if (entry.mode !== 'direct' || before.some(({ mode }) => mode !== 'direct')) return before.length > 0;
  const taken = before.flatMap((other) => (other.mode === 'direct' ? other.direct.identifier_types : []));
  return before.length > 0 && entry.direct.identifier_types.every((type) => taken.includes(type));
}

function isTwin(entry: AllowedScope, wanted: Wanted): boolean {
  if (entry.mode !== wanted.mode) return false;
  if (entry.mode !== 'direct' || wanted.mode !== 'direct') return true;
  const types = entry.direct.identifier_types;
  return types.length === wanted.identifierTypes.length && wanted.identifierTypes.every((type) => types.includes(type));
}

function makeEntry(scope: string, wanted: Wanted, twin: AllowedScope | undefined): AllowedScope {
  if (wanted.mode === 'managed') return { ...(twin?.mode === 'managed' ? twin : {}), scope, mode: 'managed' };
  if (wanted.mode === 'delegated') {
    const before = twin?.mode === 'delegated' ? twin : undefined;
    const delegated = { ...before?.delegated, delegation_hook: wanted.hookUrl };
    return { ...before, scope, mode: 'delegated', delegated };
  }
  const before = twin?.mode === 'direct' ? twin : undefined;
  const { grant_mode: _mode, granted_for: _for, steps: _steps, ...kept } = before?.direct ?? {};
  const { status, grant_mode, granted_for, steps } = wanted.verdict;
  const direct: DirectVerdict = {
    identifier_types: wanted.identifierTypes,
    ...kept,
    status,
    ...(status === 'block' ? {} : { grant_mode, granted_for }),
    ...(status === 'review' ? { steps: steps.map((step) => ({ ...step })) } : {}),
  };
  return { ...before, scope, mode: 'direct', direct };
}

/** An entry's facts under the names of `--json`. Durations are in seconds. */
export interface EntryFacts {
  mode: Mode;
  hookUrl?: string;
  identifierTypes?: string[];
  status?: string;
  grantMode?: string | undefined;
  grantedFor?: number | undefined;
  steps?: { order: number; key: string; expirationDuration: number }[];
}

/** The facts of an entry. */
export function entryFacts(entry: AllowedScope): EntryFacts {
  if (entry.mode === 'managed') return { mode: entry.mode };
  if (entry.mode === 'delegated') return { mode: entry.mode, hookUrl: entry.delegated.delegation_hook };
  const { identifier_types, status, grant_mode, granted_for, steps = [] } = entry.direct;
  return {
    mode: entry.mode,
    identifierTypes: identifier_types,
    status,
    ...(grant_mode === undefined ? {} : { grantMode: grant_mode }),
    ...(granted_for === undefined ? {} : { grantedFor: granted_for }),
    steps: steps.map(({ order, key, expiration_duration }) => ({
      order,
      key,
      expirationDuration: expiration_duration,
    })),
  };
}

/** What decides, in words: the hook, or the stored verdict. */
export function decidedBy(facts: EntryFacts): string {
  if (facts.mode === 'managed') return 'the service itself';
  if (facts.mode === 'delegated') return facts.hookUrl ?? '';
  const steps = [...(facts.steps ?? [])].sort((one, other) => one.order - other.order).map(({ key }) => key);
  const users = facts.identifierTypes?.length === 1 ? ` (${facts.identifierTypes[0]})` : '';
  return `${facts.status}${steps.length > 0 ? ` by ${steps.join(', ')}` : ''}${users}`;
}
