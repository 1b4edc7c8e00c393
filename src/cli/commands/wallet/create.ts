import type { Command } from 'commander';
import { createKeyring } from '../../../providers/keyring.js';
import type { Context } from '../../context.js';
import type { Handle } from '../../tree.js';
import { newName } from './names.js';

export interface Options {
  name?: string | undefined;
}

export function define(command: Command, handle: Handle): void {
  command
    .option('--name <name>', 'name of the wallet in the store (main)')
    .addHelpText(
      'after',
      `
A wallet of the store is for development: it signs messages that prove who somebody is, and holds no money. Its private key
is never printed. Nothing goes over the network.

Examples:
  $ stepup wallet create
  $ stepup wallet create --name second --json
`,
    )
    .action(handle((context, options: Options) => run(context, options)));
}

/** Makes a wallet in the store. Throws UsageError (FLAG_INVALID, WALLET_EXISTS), FailedError. */
export async function run(context: Context, options: Options): Promise<void> {
  const { terminal, store, system } = context;
  const keyring = createKeyring(store);
  const name = await newName(keyring, options.name);
  const { createWallet } = await import('../../../authenticator/wallet.js');
  const wallet = await createWallet(system);
  await keyring.addWallet(name, wallet);
  const { address } = wallet;
  terminal.result(
    { wallet: { name, address } },
    () => `Wallet ${name} is made: ${address}`,
    () => address,
  );
  terminal.note(`Link it to the user with: stepup wallet link ${name}`);
}
