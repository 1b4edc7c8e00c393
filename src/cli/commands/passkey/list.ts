import type { Command } from 'commander';
import type { Context } from '../../context.js';
import { yesNo } from '../../factors.js';
import { printable } from '../../terminal/printable.js';
import type { Handle } from '../../tree.js';
import { ownPasskeys, type OwnPasskey } from './own.js';

export function define(command: Command, handle: Handle): void {
  command
    .addHelpText(
      'after',
      `
KEY says whether a passkey's key is in the store, and so whether it can be used here: those of other devices cannot, nor can
those of another origin. "only here" is one that the service does not list for this user.

Examples:
  $ stepup passkey list
  $ stepup passkey list --json
`,
    )
    .action(handle((context) => run(context)));
}

/** Lists the user's passkeys and, beside them, those that only the store has. Throws SessionError, UnreachableError, FailedError. */
export async function run(context: Context): Promise<void> {
  const { terminal } = context;
  const provider = await context.dynamic();
  const methods = await terminal.progress('Reading the passkeys', () => provider.mfaMethods());
  const passkeys = await ownPasskeys(context, methods);
  await terminal.list(
    { passkeys },
    passkeys,
    [
      { title: 'ID', value: ({ id, credentialId }) => printable(id ?? credentialId) },
      { title: 'NAME', value: ({ name }) => printable(name ?? '-') },
      { title: 'DEFAULT', value: (passkey) => yesNo(passkey.default) },
      { title: 'KEY', value: keyInWords },
      { title: 'CREATED', value: ({ createdAt }) => printable(createdAt ?? '-') },
    ],
    'There is no passkey. Make one with: stepup passkey add',
  );
}

function keyInWords({ keptHere, usable, onlyHere, rpId = '' }: OwnPasskey): string {
  if (onlyHere) return 'only here';
  if (usable) return 'here';
  return keptHere ? `here, but of ${printable(rpId)}` : 'not here';
}
