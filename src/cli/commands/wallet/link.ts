import type { Command } from 'commander';
import { UsageError } from '../../../errors.js';
import { createKeyring } from '../../../providers/keyring.js';
import { addCodeFlags, createCodeSource, type CodeFlags } from '../../codes.js';
import type { Context } from '../../context.js';
import { withElevation } from '../../elevation.js';
import { printable } from '../../terminal/printable.js';
import type { Handle } from '../../tree.js';

export interface Options extends CodeFlags {
  name: string;
}

export function define(command: Command, handle: Handle): void {
  addCodeFlags(command.argument('<name>', 'name of the wallet in the store'))
    .addHelpText(
      'after',
      `
It needs the scope credential:link, and steps up for it first. The wallet signs a message of the app of --origin.

Examples:
  $ stepup wallet link main
  $ stepup wallet link main --code-command ./read-code.sh
`,
    )
    .action(handle((context, name: string, flags: CodeFlags) => run(context, { ...flags, name })));
}

/**
 * Links a wallet of the store to the user; one that is linked stays so. Throws UsageError (WALLET_UNKNOWN, FLAG_CONFLICT, FLAG_INVALID),
 * SessionError, RefusedError, InputNeededError, UnreachableError, InterruptedError.
 */
export async function run(context: Context, options: Options): Promise<void> {
  const { terminal, store } = context;
  const { name } = options;
  const source = createCodeSource(context, options);
  const kept = await createKeyring(store).wallets();
  const wallet = kept.get(name);
  if (!wallet) throw unknown(name, [...kept.keys()]);
  const provider = await context.dynamic();
  const credentials = await terminal.progress('Reading the credentials', () => provider.credentials());
  const before = credentials.find((each) => each.format === 'blockchain' && each.wallet === name);
  if (before) {
    terminal.result({ credential: before, changed: false }, () => `Wallet ${name} is linked already.`);
    return;
  }
  const credential = await withElevation(
    context,
    { command: 'wallet link', scope: 'credential:link', source, provider: await context.dynamic() },
    (elevated) => terminal.progress('Linking the wallet', () => elevated.linkWallet(name)),
  );
  terminal.result(
    { credential, changed: true },
    () => `Wallet ${name} (${wallet.address}) is linked to the user.`,
    () => credential.id,
  );
  if (!credential.signInEnabled) {
    terminal.note(
      'It is not enabled for sign-in: the environment allows one such credential alone, so it cannot step up.',
    );
  }
}

function unknown(name: string, names: string[]): UsageError {
  const shown = printable(name.length > 100 ? `${name.slice(0, 100)}…` : name);
  return new UsageError('WALLET_UNKNOWN', `There is no wallet "${shown}" in the store.`, {
    field: 'name',
    hint: names.length > 0 ? `Wallets in the store: ${names.join(', ')}` : 'Make one with: stepup wallet create',
  });
}
