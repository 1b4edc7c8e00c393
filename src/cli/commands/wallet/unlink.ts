import type { Command } from 'commander';
import type { Credential } from '../../../providers/dynamic/provider.js';
import { addCodeFlags, createCodeSource, type CodeFlags } from '../../codes.js';
import type { Context } from '../../context.js';
import { withElevation } from '../../elevation.js';
import { noSuch } from '../../factors.js';
import { printable } from '../../terminal/printable.js';
import type { Handle } from '../../tree.js';
import { findLinked } from './linked.js';

export interface Options extends CodeFlags {
  which: string;
  /** Asks nothing. */
  yes?: boolean | undefined;
}

export function define(command: Command, handle: Handle): void {
  command
    .argument('<wallet>', 'its name in the store, its address, or the id of the credential')
    .option('--yes', 'unlink it without asking');
  addCodeFlags(command)
    .addHelpText(
      'after',
      `
It needs the scope credential:unlink, and steps up for it first. A key in the store stays there.

Examples:
  $ stepup wallet unlink main
  $ stepup wallet unlink 0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf --yes
`,
    )
    .action(handle((context, which: string, flags: Omit<Options, 'which'>) => run(context, { ...flags, which })));
}

/**
 * Unlinks a wallet from the user. Throws UsageError (CREDENTIAL_UNKNOWN, FLAG_CONFLICT, FLAG_INVALID), SessionError, RefusedError,
 * InputNeededError, UnreachableError, InterruptedError.
 */
export async function run(context: Context, options: Options): Promise<void> {
  const { terminal } = context;
  const source = createCodeSource(context, options);
  const provider = await context.dynamic();
  const credentials = await terminal.progress('Reading the credentials', () => provider.credentials());
  const credential = findLinked(credentials, options.which);
  if (!credential) throw noSuch('linked wallet', options.which, 'stepup wallet list', 'wallet');
  if (!options.yes && !(await terminal.confirm(`Unlink the wallet ${nameOf(credential)} from the user?`, '--yes'))) {
    terminal.result({ credential, unlinked: false }, () => 'Nothing was unlinked.');
    return;
  }
  const unlinked = await withElevation(
    context,
    { command: 'wallet unlink', scope: 'credential:unlink', source, provider: await context.dynamic() },
    (elevated) => terminal.progress('Unlinking the wallet', () => elevated.unlinkWallet(credential.id)),
  );
  terminal.result({ credential: unlinked, unlinked: true }, () => `The wallet ${nameOf(unlinked)} is unlinked.`);
  if (unlinked.wallet !== undefined) terminal.note(`Its key stays in the store, as ${unlinked.wallet}.`);
}

function nameOf({ id, label = id, wallet }: Credential): string {
  return wallet === undefined ? printable(label) : `${wallet} (${printable(label)})`;
}
