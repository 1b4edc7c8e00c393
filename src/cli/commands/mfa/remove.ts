import type { Command } from 'commander';
import { addCodeFlags, createCodeSource, type CodeFlags } from '../../codes.js';
import type { Context } from '../../context.js';
import { withElevation } from '../../elevation.js';
import type { Handle } from '../../tree.js';
import { findMethod, methodInWords } from '../../factors.js';

export interface Options extends CodeFlags {
  id: string;
  /** Asks nothing. */
  yes?: boolean | undefined;
}

export function define(command: Command, handle: Handle): void {
  command.argument('<id>', 'id of the method').option('--yes', 'remove it without asking');
  addCodeFlags(command)
    .addHelpText(
      'after',
      `
It needs the scope credential:unlink, and steps up for it first. Its secret or key goes out of the store too.

Examples:
  $ stepup mfa remove 6f1c2a9e-4f0b-4c56-9a53-0d5f6a1f9a11
  $ stepup mfa remove 6f1c2a9e-4f0b-4c56-9a53-0d5f6a1f9a11 --yes
`,
    )
    .action(handle((context, id: string, flags: Omit<Options, 'id'>) => run(context, { ...flags, id })));
}

/**
 * Removes an MFA method, at the service and here. Throws UsageError (CREDENTIAL_UNKNOWN, FLAG_CONFLICT, FLAG_INVALID), SessionError,
 * RefusedError, InputNeededError, UnreachableError, InterruptedError.
 */
export async function run(context: Context, options: Options): Promise<void> {
  const { terminal } = context;
  const source = createCodeSource(context, options);
  const provider = await context.dynamic();
  const methods = await terminal.progress('Reading the MFA methods', () => provider.mfaMethods());
  const device = findMethod(methods, options.id);
  if (!options.yes && !(await terminal.confirm(`Remove the ${methodInWords(device)}?`, '--yes'))) {
    terminal.result({ device, removed: false }, () => 'Nothing was removed.');
    return;
  }
  const removed = await withElevation(
    context,
    { command: 'mfa remove', scope: 'credential:unlink', source, provider: await context.dynamic() },
    (elevated) => terminal.progress('Removing the method', () => elevated.removeMfa(device.id)),
  );
  terminal.result({ device: removed, removed: true }, () => `The ${methodInWords(removed)} is removed.`);
}
