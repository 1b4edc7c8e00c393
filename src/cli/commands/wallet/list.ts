import type { Command } from 'commander';
import { RefusedError, SessionError, UnreachableError } from '../../../errors.js';
import type { Credential } from '../../../providers/dynamic/provider.js';
import { createKeyring } from '../../../providers/keyring.js';
import type { Context } from '../../context.js';
import { yesNo } from '../../factors.js';
import { printable } from '../../terminal/printable.js';
import type { Handle } from '../../tree.js';
import { ownWallets, type OwnWallet } from './linked.js';

export function define(command: Command, handle: Handle): void {
  command
    .addHelpText(
      'after',
      `
LINKED and STEP-UP are known only while somebody is logged in and the service can be asked.

Examples:
  $ stepup wallet list
  $ stepup wallet list --json
`,
    )
    .action(handle((context) => run(context)));
}

/** Lists the wallets of the store and those of the user; the former also when nobody is logged in. Throws FailedError, InterruptedError. */
export async function run(context: Context): Promise<void> {
  const { terminal, store } = context;
  const kept = await createKeyring(store).wallets();
  const wallets = ownWallets(kept, await credentialsIfKnown(context));
  await terminal.list(
    { wallets },
    wallets,
    [
      { title: 'NAME', value: ({ name }) => name ?? '-' },
      { title: 'ADDRESS', value: ({ address }) => printable(address) },
      { title: 'KEY', value: ({ keptHere }) => (keptHere ? 'here' : 'not here') },
      { title: 'LINKED', value: ({ linked }) => (linked === null ? '?' : yesNo(linked)) },
      { title: 'STEP-UP', value: stepUpInWords },
    ],
    'There is no wallet. Make one with: stepup wallet create',
  );
}

function stepUpInWords({ usable, problem }: OwnWallet): string {
  if (usable === null) return '?';
  return problem === undefined ? 'yes' : `no (${problem})`;
}

/** Undefined where nobody is logged in or the service gives no answer: the store's own wallets can be shown all the same. */
async function credentialsIfKnown(context: Context): Promise<Credential[] | undefined> {
  const { terminal } = context;
  const provider = await context.dynamic();
  try {
    return await terminal.progress('Reading the credentials', () => provider.credentials());
  } catch (error) {
    if (error instanceof SessionError) terminal.note('Nobody is logged in, so which are linked is not known.');
    else if (error instanceof UnreachableError || error instanceof RefusedError) {
      terminal.warn(`Which are linked is not known: ${error.message}`);
    } else throw error;
    return undefined;
  }
}
