import type { Command } from 'commander';
import { parseEmail } from '../../../providers/identifiers.js';
import { addCodeFlags, createCodeSource, type CodeFlags } from '../../codes.js';
import type { Context } from '../../context.js';
import { withElevation } from '../../elevation.js';
import { newPassword, refuseTwoReaders, type PasswordFlags } from '../../new-password.js';
import { noteEvent, walk } from '../../walk.js';
import type { Handle } from '../../tree.js';

export interface Options extends CodeFlags, PasswordFlags {
  email?: string | undefined;
  loginConfig?: string | undefined;
}

/** Prelude: the scope that setting a password consumes. */
const SCOPE = 'prld:pwd:write';

export function define(command: Command, handle: Handle): void {
  addCodeFlags(
    command
      .option('--email <address>', 'email address of the user')
      .option('--login-config <id>', 'the login configuration whose session may set a password')
      .option('--password-file <file>', 'file with the new password, - for standard input'),
  )
    .addHelpText(
      'after',
      `
Logs in by a code to the email address, and sets a new password. A login configuration with the granted scope prld:pwd:write spares
the second code.

Examples:
  $ stepup password forgot --email user@example.com
  $ stepup password forgot --email user@example.com --login-config lcfg_01jqebhswje1ka57z1w0d1mhbe
`,
    )
    .action(handle((context, options: Options) => run(context, options)));
}

/**
 * Logs in by email, then sets a password. Throws UsageError EMAIL_INVALID and PASSWORD_INVALID, InputNeededError, RefusedError,
 * UnreachableError, InterruptedError.
 */
export async function run(context: Context, options: Options): Promise<void> {
  const { terminal } = context;
  refuseTwoReaders(options);
  const source = createCodeSource(context, options);
  const email = parseEmail(
    options.email ?? (await terminal.ask({ message: 'Email address', flag: '--email' })),
    '--email',
  );
  const provider = await context.prelude();
  const policy = await terminal.progress('Reading the policy', () => provider.passwordPolicy());
  const password = await newPassword(context, options, policy);
  source.ready();
  const lent = { ...source, close: () => undefined };
  const login = provider.login({ kind: 'email', email, loginConfig: options.loginConfig });
  try {
    const outcome = await walk(context, login, { codes: lent }, (event, triesLeft) =>
      noteEvent(terminal, event, triesLeft),
    );
    if (outcome.type !== 'logged-in') throw new TypeError('a login ended with a grant');
    await withElevation(context, { command: 'password forgot', scope: SCOPE, source: lent, provider }, () =>
      terminal.progress('Setting the password', () => provider.resetPassword(password)),
    );
    terminal.result(
      { session: outcome.session, changed: true },
      () => `The password of ${email} is set, and you are logged in.`,
    );
  } finally {
    source.close();
  }
}
