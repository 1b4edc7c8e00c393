import type { Command } from 'commander';
import { SessionError } from '../../../errors.js';
import { addCodeFlags, createCodeSource, type CodeFlags } from '../../codes.js';
import type { Context } from '../../context.js';
import { withElevation } from '../../elevation.js';
import { newPassword, refuseTwoReaders, type PasswordFlags } from '../../new-password.js';
import type { Handle } from '../../tree.js';

export interface Options extends CodeFlags, PasswordFlags {}

/** Prelude: the scope that setting a password consumes. */
const SCOPE = 'prld:pwd:write';

export function define(command: Command, handle: Handle): void {
  addCodeFlags(command.option('--password-file <file>', 'file with the new password, - for standard input'))
    .addHelpText(
      'after',
      `
Setting a password takes the scope ${SCOPE}; the command steps up for it by itself.

Examples:
  $ stepup password change
  $ stepup password change --password-file new.txt --code-command ./read-code.sh
`,
    )
    .action(handle((context, options: Options) => run(context, options)));
}

/**
 * Sets the user's password. It is held against what the application demands before anything is sent. Throws UsageError
 * PASSWORD_INVALID, InputNeededError, SessionError, RefusedError, UnreachableError, InterruptedError.
 */
export async function run(context: Context, options: Options): Promise<void> {
  const { terminal } = context;
  refuseTwoReaders(options);
  const source = createCodeSource(context, options);
  const provider = await context.prelude();
  if (!(await provider.session())) throw new SessionError('NOT_LOGGED_IN', 'Nobody is logged in.');
  const policy = await terminal.progress('Reading the policy', () => provider.passwordPolicy());
  const password = await newPassword(context, options, policy);
  await withElevation(context, { command: 'password change', scope: SCOPE, source, provider }, () =>
    terminal.progress('Setting the password', () => provider.resetPassword(password)),
  );
  terminal.result({ changed: true }, () => 'The password is set.');
}
