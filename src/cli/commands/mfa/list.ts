import type { Command } from 'commander';
import type { Context } from '../../context.js';
import { printable } from '../../terminal/printable.js';
import type { Handle } from '../../tree.js';
import { yesNo } from '../../factors.js';

export function define(command: Command, handle: Handle): void {
  command
    .addHelpText(
      'after',
      `
KEPT HERE says whether the secret or key of a method is in the store, so that it can be used here without another device.

Examples:
  $ stepup mfa list
  $ stepup mfa list --json
`,
    )
    .action(handle((context) => run(context)));
}

/** Lists the user's MFA methods, pending ones too. Throws SessionError, UnreachableError. */
export async function run(context: Context): Promise<void> {
  const { terminal } = context;
  const provider = await context.dynamic();
  const methods = await terminal.progress('Reading the MFA methods', () => provider.mfaMethods());
  await terminal.list(
    { methods },
    methods,
    [
      { title: 'ID', value: ({ id }) => printable(id) },
      { title: 'TYPE', value: ({ type }) => printable(type) },
      { title: 'NAME', value: ({ name }) => printable(name ?? '-') },
      { title: 'VERIFIED', value: ({ verified }) => yesNo(verified) },
      { title: 'DEFAULT', value: (method) => yesNo(method.default) },
      { title: 'KEPT HERE', value: ({ keptHere }) => yesNo(keptHere) },
      { title: 'CREATED', value: ({ createdAt }) => printable(createdAt ?? '-') },
    ],
    'The user has no MFA method. Enrol one with: stepup mfa add',
  );
  if (methods.some(({ verified }) => verified)) {
    terminal.note('Where none of them is at hand, a recovery code stands in. See them with: stepup mfa recovery-codes');
  }
}
