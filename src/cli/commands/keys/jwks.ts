import type { Command } from 'commander';
import { collect } from '../../collect.js';
import type { Context } from '../../context.js';
import { publicKeys } from '../../signing-keys.js';
import type { Handle } from '../../tree.js';

export interface Options {
  key?: string[] | undefined;
}

export function define(command: Command, handle: Handle): void {
  command
    .option('--key <key>', 'only this key of the store, or that of a file (PEM or JSON Web Key); repeatable', collect)
    .addHelpText(
      'after',
      `
Public halves only, whatever the file holds.

Examples:
  $ stepup keys jwks > jwks.json
  $ stepup keys jwks --key main --key next.pem
`,
    )
    .action(handle((context, options: Options) => run(context, options)));
}

/**
 * Prints the public keys as a JWKS (RFC 7517 §5): `{"keys":[{kty,kid,use,alg,n,e}]}`, the same with and without `--json`. Throws
 * UsageError (KEY_UNKNOWN, KEY_INVALID, KEY_EXPOSED, KEY_EXISTS, FILE_UNREADABLE), FailedError.
 */
export async function run(context: Context, { key }: Options): Promise<void> {
  const keys = await publicKeys(context, key);
  context.terminal.result({ keys }, (value) => JSON.stringify(value, null, 2));
}
