import type { Command } from 'commander';
import { methodOf, type Credential } from '../../../providers/dynamic/provider.js';
import type { Context } from '../../context.js';
import type { Handle } from '../../tree.js';

export function define(command: Command, handle: Handle): void {
  command
    .addHelpText(
      'after',
      `
A credential that is enabled for sign-in can be used to step up, but for an embedded wallet. The one that opened the session has a *.

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
      { title: 'ID', value: ({ id }) => id },
      { title: 'METHOD', value: ({ format }) => (methodOf(format) === 'other' ? format : methodOf(format)) },
      { title: 'IDENTITY', value: ({ label = '-' }) => label },
      { title: 'STEP-UP', value: stepUp },
      { title: 'VERIFIED', value: ({ verifiedAt = '-' }) => verifiedAt },
    ],
    'The user has no credential.',
  );
}

/** Whether it can be used to step up, or why not. */
function stepUp({ format, signInEnabled, embedded, wallet }: Credential): string {
  if (embedded) return 'no (embedded wallet)';
  if (!signInEnabled) return 'no (not enabled for sign-in)';
  if (format !== 'blockchain') return 'yes';
  return wallet === undefined ? 'no (its key is not in the store)' : `yes (wallet ${wallet})`;
}
