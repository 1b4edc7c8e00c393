/** The scopes of an application at Prelude: registered on the application, allowed in the configuration. */
import type { AllowedScope } from '../../../providers/prelude/config.js';
import type { Context } from '../../context.js';
import { decidedBy, entryFacts, type EntryFacts } from './entries.js';

interface Row {
  scope: string;
  /** Whether the application has it. */
  registered: boolean;
  /** Whether the step-up configuration has it. */
  allowed: boolean;
  /** Mode of its first entry. */
  mode: EntryFacts['mode'] | null;
  /** The first entry that fits a user decides. */
  entries: EntryFacts[];
  /** Why it cannot be requested. */
  problem?: string;
}

/** Lists the scopes of both sides. Throws RefusedError MANAGEMENT_KEY_REFUSED, APPLICATION_UNKNOWN. */
export async function listPrelude(context: Context): Promise<void> {
  const { terminal } = context;
  const management = await context.management();
  const [registered, config] = await terminal.progress('Reading the scopes', () =>
    Promise.all([management.scopes(), management.stepUpConfig()]),
  );
  const allowed = config?.allowed_scopes ?? [];
  const names = [...new Set([...allowed.map(({ scope }) => scope), ...registered])].sort();
  const rows = names.map((scope) => rowOf(scope, registered, allowed, config !== undefined));
  await terminal.list(
    { scopes: rows },
    rows,
    [
      { title: 'SCOPE', value: (row) => row.scope },
      { title: 'REGISTERED', value: (row) => yesNo(row.registered) },
      { title: 'ALLOWED', value: (row) => yesNo(row.allowed) },
      { title: 'MODE', value: (row) => [...new Set(row.entries.map(({ mode }) => mode))].join(', ') || '-' },
      { title: 'DECIDED BY', value: (row) => row.entries.map(decidedBy).join('; ') || '-' },
      { title: 'PROBLEM', value: (row) => (row.problem === undefined ? '' : terminal.out.bad(row.problem)) },
    ],
    'There is no scope. Add one with: stepup scope add transfer:write',
  );
}

function rowOf(scope: string, registered: string[], allowed: AllowedScope[], configured: boolean): Row {
  const entries = allowed.filter((entry) => entry.scope === scope).map(entryFacts);
  const isRegistered = registered.includes(scope);
  const problem = !configured
    ? 'no step-up configuration'
    : entries.length === 0
      ? 'not in the step-up configuration'
      : isRegistered
        ? undefined
        : 'not registered on the application';
  return {
    scope,
    registered: isRegistered,
    allowed: entries.length > 0,
    mode: entries[0]?.mode ?? null,
    entries,
    ...(problem === undefined ? {} : { problem }),
  };
}

function yesNo(value: boolean): string {
  return value ? 'yes' : 'no';
}
