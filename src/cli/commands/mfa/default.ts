import type { Command } from 'commander';
import type { Context } from '../../context.js';
import type { Handle } from '../../tree.js';
import { findMethod, methodInWords } from '../../factors.js';

export interface Options {
  id: string;
}

export function define(command: Command, handle: Handle): void {
  command
    .argument('<id>', 'id of the method')
    .addHelpText(
      'after',
      `
The default method is the one that the service offers first.

Examples:
  $ stepup mfa default 6f1c2a9e-4f0b-4c56-9a53-0d5f6a1f9a11
  $ stepup mfa default 6f1c2a9e-4f0b-4c56-9a53-0d5f6a1f9a11 --json
`,
    )
    .action(handle((context, id: string) => run(context, { id })));
}

/** Makes a method the default one. Throws UsageError CREDENTIAL_UNKNOWN, SessionError, RefusedError, UnreachableError. */
export async function run(context: Context, { id }: Options): Promise<void> {
  const { terminal } = context;
  const provider = await context.dynamic();
  const device = await terminal.progress('Changing the default method', async () => {
    const found = findMethod(await provider.mfaMethods(), id);
    // The service does not say of a passkey that it is the default one.
    return { ...(await provider.makeDefaultMfa(found.id)), default: true };
  });
  terminal.result({ device }, () => `The ${methodInWords(device)} is the default method.`);
}
