/** Names of wallets in the store. */
import { UsageError } from '../../../errors.js';
import type { Keyring } from '../../../providers/keyring.js';

/** The name of a wallet that is given none. */
const USUAL_NAME = 'main';

/** Names that a JSON object in memory cannot safely have. */
const IMPOSSIBLE = ['prototype', 'constructor'];

/** A new wallet's name. Throws UsageError FLAG_INVALID, and WALLET_EXISTS for one that is taken. */
export async function newName(keyring: Keyring, name: string = USUAL_NAME): Promise<string> {
  if (!/^[a-zA-Z0-9][a-zA-Z0-9._-]{0,63}$/.test(name) || IMPOSSIBLE.includes(name)) {
    throw new UsageError(
      'FLAG_INVALID',
      '--name: a name has letters, digits and . _ - only, at most 64, and begins with a letter or digit.',
      { field: '--name', hint: 'For example: --name main' },
    );
  }
  if (!(await keyring.wallets()).has(name)) return name;
  throw new UsageError('WALLET_EXISTS', `There is a wallet "${name}" already.`, {
    field: '--name',
    hint: 'Give another --name. See those that are here with: stepup wallet list',
  });
}
