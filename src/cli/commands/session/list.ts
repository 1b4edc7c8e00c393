import type { Command } from 'commander';
import { SessionError } from '../../../errors.js';
import type { Context } from '../../context.js';
import { timeLeft } from '../../durations.js';
import { printable } from '../../terminal/printable.js';
import type { Handle } from '../../tree.js';

export function define(command: Command, handle: Handle): void {
  command
    .addHelpText(
      'after',
      `
Dynamic tells a user of no other session, so this is the one that is open here.

Examples:
  $ stepup session list
  $ stepup session list --json
`,
    )
    .action(handle((context) => run(context)));
}

/** Lists the sessions that are known here. Throws SessionError NOT_LOGGED_IN. */
export async function run(context: Context): Promise<void> {
  const { terminal, system } = context;
  const sessions = await (await context.dynamic()).sessions();
  if (sessions.length === 0) throw new SessionError('NOT_LOGGED_IN', 'Nobody is logged in.');
  await terminal.list(
    { sessions },
    sessions,
    [
      { title: '', value: ({ current }) => (current ? '*' : ' ') },
      { title: 'SESSION', value: ({ sessionId }) => printable(sessionId) },
      { title: 'OPENED BY', value: ({ identifier = '-' }) => printable(identifier) },
      {
        title: 'EXPIRES',
        value: ({ expiresAt }) => (terminal.tty ? `${expiresAt} (${timeLeft(expiresAt, system.now())})` : expiresAt),
      },
    ],
    'There is no session.',
  );
}
