import type { Command } from 'commander';
import { InputNeededError, UsageError } from '../../../errors.js';
import { createKeyring } from '../../../providers/keyring.js';
import type { Context } from '../../context.js';
import { readSecret } from '../../secrets.js';
import type { Handle } from '../../tree.js';
import { newName } from './names.js';

export interface Options {
  /** A file, or `-` for standard input. */
  file: string | undefined;
  name?: string | undefined;
}

export function define(command: Command, handle: Handle): void {
  command
    .argument('[file]', 'file with the private key in hex; - for standard input')
    .option('--name <name>', 'name of the wallet in the store (main)')
    .addHelpText(
      'after',
      `
The key is 32 bytes in hex, with 0x before it or without. Without a file it is asked for, unseen. It is never taken on the
command line, where others can read it, and never printed. Nothing goes over the network.

Examples:
  $ stepup wallet import key.txt
  $ stepup wallet import --name second - < key.txt
`,
    )
    .action(
      handle((context, file: string | undefined, flags: Omit<Options, 'file'>) => run(context, { ...flags, file })),
    );
}

/**
 * Takes a wallet in by its private key. Throws UsageError (FLAG_INVALID, KEY_INVALID, WALLET_EXISTS, FILE_UNREADABLE), InputNeededError,
 * InterruptedError, FailedError; none of them quotes the key.
 */
export async function run(context: Context, { file, name: wanted }: Options): Promise<void> {
  const { terminal, store } = context;
  if (file !== undefined) refuseKey(file);
  const keyring = createKeyring(store);
  const name = await newName(keyring, wanted);
  const { importWallet } = await import('../../../authenticator/wallet.js');
  const key = file === undefined ? await askKey(context) : await readSecret(context.system, file, 'file');
  const wallet = await importWallet(key, context.system);
  await keyring.addWallet(name, wallet);
  const { address } = wallet;
  terminal.result(
    { wallet: { name, address } },
    () => `Wallet ${name} is here: ${address}`,
    () => address,
  );
  terminal.note(`Link it to the user with: stepup wallet link ${name}`);
}

/** What looks like a key is none the less one, though it stands where a file should: it must not come back in an error. */
function refuseKey(file: string): void {
  if (!/^\s*(0x)?[0-9a-f]{32,}\s*$/i.test(file) && file.trim().split(/\s+/).length < 12) return;
  throw new UsageError('FLAG_INVALID', 'A private key does not go on the command line, where others can read it.', {
    field: 'file',
    hint: 'Take it out of the history of your shell, put it into a file that only you can read, and give that.',
  });
}

async function askKey({ terminal }: Context): Promise<string> {
  if (!terminal.interactive) {
    throw new InputNeededError('INPUT_NEEDED', 'The private key is needed, and there is nobody to ask.', {
      field: 'file',
      hint: 'Give a file that holds it, or - for standard input.',
    });
  }
  return terminal.ask({ message: 'Private key (64 hex digits)', flag: 'file', secret: true, problem: keyProblem });
}

function keyProblem(text: string): string | undefined {
  return /^(0x)?[0-9a-f]{64}$/i.test(text) ? undefined : 'It has 64 hex digits, with 0x before them or without.';
}
