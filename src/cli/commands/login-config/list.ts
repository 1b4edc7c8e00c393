import type { Command } from 'commander';
import type { Context } from '../../context.js';
import { loginConfigFacts } from '../../login-configs.js';
import type { Handle } from '../../tree.js';

export function define(command: Command, handle: Handle): void {
  command
    .addHelpText(
      'after',
      `
A login that names no configuration takes the default one of its channel.

Examples:
  $ stepup login-config list
  $ stepup login-config list --json
`,
    )
    .action(handle((context) => run(context)));
}

/** Lists the configurations of OTP login. Throws RefusedError MANAGEMENT_KEY_REFUSED, APPLICATION_UNKNOWN. */
export async function run({ terminal, management }: Context): Promise<void> {
  const service = await management();
  const logins = await terminal.progress('Reading the configurations', () => service.otpLogins());
  const rows = logins.map(loginConfigFacts);
  await terminal.list(
    { loginConfigs: rows },
    rows,
    [
      { title: 'ID', value: ({ id }) => id },
      { title: 'CHANNEL', value: ({ channel }) => channel },
      { title: 'DEFAULT', value: (row) => (row.default ? 'yes' : 'no') },
      { title: 'TEMPLATE', value: ({ template }) => template ?? '-' },
      { title: 'SENDER', value: ({ sender }) => sender ?? '-' },
      { title: 'CODE', value: ({ codeSize }) => String(codeSize ?? '-') },
      { title: 'GRANTS', value: ({ grantedScopes }) => grantedScopes.join(' ') || '-' },
    ],
    'There is none: nobody can log in by a code. Add one with: stepup login-config add --channel sms --default',
  );
}
