import type { Command } from 'commander';
import { openChallenges } from '../../challenges.js';
import type { Context } from '../../context.js';
import { timeLeft } from '../../../durations.js';
import type { Handle } from '../../tree.js';

export function define(command: Command, handle: Handle): void {
  command
    .addHelpText(
      'after',
      `
Examples:
  $ stepup challenge list
  $ stepup challenge list --json
`,
    )
    .action(handle((context) => run(context)));
}

/** Lists the open challenges, oldest first. Throws SessionError NOT_LOGGED_IN. */
export async function run(context: Context): Promise<void> {
  const { terminal, system } = context;
  const challenges = await openChallenges(await context.provider());
  await terminal.list(
    { challenges },
    challenges,
    [
      { title: 'ID', value: ({ challengeId }) => challengeId },
      { title: 'SCOPE', value: ({ scopeRequested }) => scopeRequested },
      { title: 'NOW', value: ({ currentStep }) => currentStep },
      { title: 'DONE', value: ({ steps }) => `${steps.filter(({ done }) => done).length}/${steps.length}` },
      {
        title: 'EXPIRES',
        value: ({ expiresAt }) => (terminal.tty ? `${expiresAt} (${timeLeft(expiresAt, system.now())})` : expiresAt),
      },
    ],
    'No challenge is open.',
  );
}
