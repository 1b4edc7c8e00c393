import type { Command } from 'commander';
import { createKeyring } from '../../../providers/keyring.js';
import { addCodeFlags, createCodeSource, type CodeFlags } from '../../codes.js';
import type { Context } from '../../context.js';
import { withElevation } from '../../elevation.js';
import { noSuch } from '../../factors.js';
import { printable } from '../../terminal/printable.js';
import type { Handle } from '../../tree.js';
import { ownPasskeys, preludePasskeys, type OwnPasskey } from './own.js';

export interface Options extends CodeFlags {
  id: string;
  /** Asks nothing. */
  yes?: boolean | undefined;
}

export function define(command: Command, handle: Handle): void {
  command.argument('<id>', 'id of the passkey').option('--yes', 'remove it without asking');
  addCodeFlags(command)
    .addHelpText(
      'after',
      `
It needs the scope credential:unlink at Dynamic, and steps up for it first; one that only the store has goes without. A key that is
removed here cannot be had back.

Examples:
  $ stepup passkey remove 9a3c0de1-20ab-4f7e-8c77-3d2f1f0e5b42
  $ stepup passkey remove 9a3c0de1-20ab-4f7e-8c77-3d2f1f0e5b42 --yes
`,
    )
    .action(handle((context, id: string, flags: Omit<Options, 'id'>) => run(context, { ...flags, id })));
}

/**
 * Removes a passkey, at the service and here. Throws UsageError (CREDENTIAL_UNKNOWN, FLAG_CONFLICT, FLAG_INVALID), SessionError, RefusedError,
 * InputNeededError, UnreachableError, InterruptedError.
 */
export async function run(context: Context, options: Options): Promise<void> {
  const { terminal } = context;
  const source = createCodeSource(context, options);
  const atDynamic = (await context.target()).provider === 'dynamic';
  const passkeys = atDynamic ? await listed(context) : (await preludePasskeys(context)).passkeys;
  const passkey = passkeys.find(({ id, credentialId }) => id === options.id || credentialId === options.id);
  if (!passkey) throw noSuch('passkey', options.id, 'stepup passkey list');
  if (!options.yes && !(await terminal.confirm(question(passkey), '--yes'))) {
    terminal.result({ passkey, removed: false }, () => 'Nothing was removed.');
    return;
  }
  if (passkey.id === undefined || !atDynamic) {
    await removeKey(context, passkey);
  } else {
    const { id } = passkey;
    await withElevation(
      context,
      { command: 'passkey remove', scope: 'credential:unlink', source, provider: await context.dynamic() },
      (elevated) => terminal.progress('Removing the passkey', () => elevated.removeMfa(id)),
    );
  }
  terminal.result({ passkey, removed: true }, () => `The passkey ${nameOf(passkey)} is removed.`);
}

/** At the service where it lists the passkey, and here. */
async function removeKey(context: Context, { id, credentialId, onlyHere }: OwnPasskey): Promise<void> {
  const { terminal, store } = context;
  const removed =
    id !== undefined &&
    (await terminal.progress('Removing the passkey', async () => (await context.prelude()).removePasskey(id)));
  await createKeyring(store).removePasskey(credentialId);
  if (!removed && !onlyHere)
    terminal.note('Its key is gone here; the service has no call that forgets its other half.');
}

async function listed(context: Context): Promise<OwnPasskey[]> {
  const provider = await context.dynamic();
  return ownPasskeys(context, await context.terminal.progress('Reading the passkeys', () => provider.mfaMethods()));
}

function question(passkey: OwnPasskey): string {
  return passkey.onlyHere
    ? `Remove the key of the passkey ${nameOf(passkey)} from the store? The service does not list it for this user; it may be another's.`
    : `Remove the passkey ${nameOf(passkey)}?`;
}

function nameOf({ id, credentialId, name }: OwnPasskey): string {
  return printable(name === undefined ? (id ?? credentialId) : `"${name}" (${id ?? credentialId})`);
}
