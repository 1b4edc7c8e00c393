import type { Command } from 'commander';
import { methodOf, type Credential } from '../../../providers/dynamic/provider.js';
import type { Context } from '../../context.js';
import { printable } from '../../terminal/printable.js';
import type { Handle } from '../../tree.js';

export function define(command: Command, handle: Handle): void {
  command
    .addHelpText(
      'after',
      `
A credential that is enabled for sign-in can be used to step up until the user has MFA (stepup mfa list). An embedded wallet cannot, and
a social account cannot in a terminal. The one that opened the session has a *.

Examples:
  $ stepup credential list
  $ stepup credential list --json
`,
    )
    .action(handle((context) => run(context)));
}

/** Lists the user's proven identities, as the service has them now. Throws SessionError, UnreachableError. */
export async function run(context: Context): Promise<void> {
  const { terminal } = context;
  const provider = await context.dynamic();
  const credentials = await terminal.progress('Reading the credentials', () => provider.credentials());
  await terminal.list(
    { credentials },
    credentials,
    [
      { title: '', value: ({ openedSession }) => (openedSession ? '*' : ' ') },
      { title: 'ID', value: ({ id }) => printable(id) },
      { title: 'METHOD', value: ({ format }) => (methodOf(format) === 'other' ? printable(format) : methodOf(format)) },
      { title: 'IDENTITY', value: ({ label = '-' }) => printable(label) },
      { title: 'STEP-UP', value: stepUp },
      { title: 'VERIFIED', value: ({ verifiedAt = '-' }) => printable(verifiedAt) },
    ],
    'The user has no credential.',
  );
}

/** Whether it can be used to step up, or why not. */
function stepUp({ format, signInEnabled, embedded, wallet }: Credential): string {
  if (embedded) return 'no (embedded wallet)';
  if (format === 'externalUser') return 'no (by --assertion only)';
  if (!signInEnabled) return 'no (not enabled for sign-in)';
  const method = methodOf(format);
  if (method === 'email' || method === 'sms') return 'yes';
  if (method !== 'wallet') return 'no (not in a terminal)';
  return wallet === undefined ? 'no (its key is not in the store)' : `yes (wallet ${wallet})`;
}
