import type { Command } from 'commander';
import type { Context } from '../../context.js';
import { yesNo } from '../../factors.js';
import { printable } from '../../terminal/printable.js';
import type { Handle } from '../../tree.js';
import { ownPasskeys, preludePasskeys, type OwnPasskey } from './own.js';

export function define(command: Command, handle: Handle): void {
  command
    .addHelpText(
      'after',
      `
KEY says whether a passkey's key is in the store, and so whether it can be used here: those of other devices cannot, nor can
those of another origin. "only here" is one that the service does not list for this user. Where Prelude lists none, these are the
ones of the store, each with the domain that it is for.

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
  const passkeys = await known(context);
  await terminal.list(
    { passkeys },
    passkeys,
    [
      { title: 'ID', value: ({ id, credentialId }) => printable(id ?? credentialId) },
      { title: 'NAME', value: ({ name }) => printable(name ?? '-') },
      { title: 'DEFAULT', value: (passkey) => yesNo(passkey.default) },
      { title: 'KEY', value: keyInWords },
      { title: 'FOR', value: ({ rpId = '-' }) => printable(rpId) },
      { title: 'CREATED', value: ({ createdAt }) => printable(createdAt ?? '-') },
    ],
    'There is no passkey. Make one with: stepup passkey add',
  );
}

async function known(context: Context): Promise<OwnPasskey[]> {
  if ((await context.target()).provider === 'prelude') {
    const { passkeys, listed } = await preludePasskeys(context);
    if (!listed) context.terminal.note('The service lists no passkeys: these are the ones of the store.');
    return passkeys;
  }
  const provider = await context.dynamic();
  return ownPasskeys(context, await context.terminal.progress('Reading the passkeys', () => provider.mfaMethods()));
}

function keyInWords({ keptHere, usable, onlyHere, rpId = '' }: OwnPasskey): string {
  if (onlyHere) return 'only here';
  if (usable) return 'here';
  return keptHere ? `here, but of ${printable(rpId)}` : 'not here';
}
