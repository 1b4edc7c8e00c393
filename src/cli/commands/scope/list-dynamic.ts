/** The scopes that Dynamic has, and what is held of them. */
import { SCOPES, type KnownScope } from '../../../providers/dynamic/scopes.js';
import type { Context } from '../../context.js';
import { timeLeft } from '../../durations.js';

interface Row extends KnownScope {
  /** Until when a grant holds it, ISO 8601; null when none does. */
  heldUntil: string | null;
}

/** Lists them; those of business accounts and of Dynamic's own console with `all`. Asks no service. Throws FailedError (store). */
export async function listDynamic(context: Context, all: boolean): Promise<void> {
  const { terminal, system } = context;
  const grants = await (await context.dynamic()).grants();
  const rows: Row[] = SCOPES.filter(({ family }) => all || family === 'core').map((known) => ({
    ...known,
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
      { title: 'DEMANDED', value: ({ demanded }) => demanded },
      { title: 'TOKEN', value: ({ singleUse }) => (singleUse ? 'single use, 5 min' : '10 min') },
      { title: 'HELD', value: held },
    ],
    'There is no scope.',
  );
  if (!all) terminal.note('Those of business accounts and of the console, too: stepup scope list --all');
}
