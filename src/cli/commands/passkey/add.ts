import type { Command } from 'commander';
import { addCodeFlags, createCodeSource, type CodeFlags, type CodeSource } from '../../codes.js';
import type { Context } from '../../context.js';
import { withElevation } from '../../elevation.js';
import { methodInWords } from '../../factors.js';
import type { Handle } from '../../tree.js';

export function define(command: Command, handle: Handle): void {
  addCodeFlags(command)
    .addHelpText(
      'after',
      `
The passkey's key is made in the store: no browser and no device takes part. It is good for the host of --origin alone.
It needs the scope credential:link (at Prelude prld:passkey:write), and steps up for it first.

Examples:
  $ stepup passkey add
  $ stepup passkey add --code-command ./read-code.sh
  $ stepup passkey add --json
`,
    )
    .action(handle((context, options: CodeFlags) => run(context, options)));
}

/**
 * Makes a passkey in the store and registers it. Throws UsageError (FLAG_CONFLICT, FLAG_INVALID, ORIGIN_INVALID), SessionError, RefusedError,
 * InputNeededError, UnreachableError, InterruptedError.
 */
export async function run(context: Context, options: CodeFlags): Promise<void> {
  const { terminal } = context;
  const source = createCodeSource(context, options);
  if ((await context.target()).provider === 'prelude') return addAtPrelude(context, source);
  const passkey = await withElevation(
    context,
    { command: 'passkey add', scope: 'credential:link', source, provider: await context.dynamic() },
    (provider) => terminal.progress('Registering a passkey', () => provider.addPasskey()),
  );
  terminal.result(
    { passkey },
    () => `The ${methodInWords(passkey)} is registered; its key is in the store.`,
    () => passkey.id,
  );
  terminal.note('Log in with it: stepup login --passkey');
}

async function addAtPrelude(context: Context, source: CodeSource): Promise<void> {
  const { terminal } = context;
  const passkey = await withElevation(
    context,
    { command: 'passkey add', scope: 'prld:passkey:write', source, provider: await context.prelude() },
    (provider) => terminal.progress('Registering a passkey', () => provider.addPasskey()),
  );
  terminal.result(
    { passkey },
    ({ passkey: { rpId, credentialId } }) =>
      `A passkey for ${rpId} is registered (${credentialId}); its key is in the store.`,
    ({ passkey: { credentialId } }) => credentialId,
  );
  terminal.note('Log in with it: stepup login --passkey');
}
