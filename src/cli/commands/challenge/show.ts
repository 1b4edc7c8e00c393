import type { Command } from 'commander';
import { challengeInWords, chooseChallenge } from '../../challenges.js';
import type { Context } from '../../context.js';
import { timeLeft } from '../../../durations.js';
import type { Handle } from '../../tree.js';

export interface Options {
  id?: string | undefined;
}

export function define(command: Command, handle: Handle): void {
  command
    .argument('[id]', 'challenge id; not needed when one is open')
    .addHelpText(
      'after',
      `
Examples:
  $ stepup challenge show
  $ stepup challenge show --json
`,
    )
    .action(handle((context, id: string | undefined) => run(context, { id })));
}

/** Shows one challenge and its steps. Throws UsageError CHALLENGE_UNKNOWN or CHALLENGE_AMBIGUOUS. */
export async function run(context: Context, { id }: Options): Promise<void> {
  const { terminal, system } = context;
  const challenge = await chooseChallenge(await context.provider(), id, 'id');
  terminal.result({ challenge }, () =>
    [
      challengeInWords(challenge),
      `  expires ${challenge.expiresAt} (${timeLeft(challenge.expiresAt, system.now())})`,
    ].join('\n'),
  );
}
