/** The scopes that Dynamic has, whether the environment demands them, and what is held of them. */
import { UnreachableError } from '../../../errors.js';
import type { DynamicProvider, Environment } from '../../../providers/dynamic/provider.js';
import { SCOPES, type KnownScope } from '../../../providers/dynamic/scopes.js';
import type { Context } from '../../context.js';
import { timeLeft } from '../../../durations.js';

type Settings = Pick<Environment, 'stepUpEnforced' | 'actions'>;

interface Row extends Omit<KnownScope, 'action'> {
  /** Whether this environment demands it, as far as its settings and the documents say; null where they do not. */
  demandedHere: boolean | null;
  /** Until when a grant holds it, ISO 8601; null when none does. */
  heldUntil: string | null;
}

/**
 * Lists them; those of business accounts and of Dynamic's own console with `all`. Nobody need be logged in, and without the service it
 * leaves out what only the settings say. Throws RefusedError APPLICATION_UNKNOWN, FailedError (store).
 */
export async function listDynamic(context: Context, all: boolean): Promise<void> {
  const { terminal, system } = context;
  const provider = await context.dynamic();
  const grants = await provider.grants();
  const settings = await readSettings(context, provider);
  const rows = SCOPES.filter(({ family }) => all || family === 'core').map(({ action, ...known }): Row => ({
    ...known,
    demandedHere: demandedBy({ action, ...known }, settings),
    heldUntil: grants.findLast(({ scopes }) => scopes.includes(known.scope))?.expiresAt ?? null,
  }));
  const held = ({ heldUntil }: Row): string => {
    if (heldUntil === null) return 'no';
    return terminal.tty ? terminal.out.good(timeLeft(heldUntil, system.now())) : heldUntil;
  };
  await terminal.list(
    { scopes: rows },
    rows,
    [
      { title: 'SCOPE', value: ({ scope }) => scope },
      { title: 'LETS', value: ({ meaning }) => meaning },
      { title: 'DEMANDED', value: demandedInWords },
      { title: 'TOKEN', value: ({ singleUse }) => (singleUse ? 'single use, 5 min' : '10 min') },
      { title: 'HELD', value: held },
    ],
    'There is no scope.',
  );
  if (settings?.stepUpEnforced === false) terminal.note('Step-up is not enforced here: no call demands a scope.');
  if (!all) terminal.note('Those of business accounts and of the console, too: stepup scope list --all');
}

/** Undefined when the service cannot be had; that is said. */
async function readSettings({ terminal }: Context, provider: DynamicProvider): Promise<Settings | undefined> {
  try {
    return await terminal.progress('Reading the settings', () => provider.environment());
  } catch (error) {
    if (!(error instanceof UnreachableError)) throw error;
    terminal.note(`What the environment itself demands is not known: ${error.message}`);
    return undefined;
  }
}

function demandedBy({ demanded, action }: KnownScope, settings: Settings | undefined): boolean | null {
  if (!settings) return null;
  if (!settings.stepUpEnforced) return false;
  if (demanded === 'always') return true;
  if (demanded === 'not documented') return null;
  return settings.actions.some((each) => each.action === action && each.required);
}

function demandedInWords({ demanded, demandedHere }: Row): string {
  if (demandedHere === false) return 'no';
  return demandedHere ? `yes, ${demanded}` : demanded;
}
