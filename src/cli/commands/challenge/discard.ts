import type { Command } from 'commander';
import { chooseChallenge } from '../../challenges.js';
import type { Context } from '../../context.js';
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
  $ stepup challenge discard
  $ stepup challenge discard --json
`,
    )
    .action(handle((context, id: string | undefined) => run(context, { id })));
}

/** Forgets a challenge here. Throws UsageError CHALLENGE_UNKNOWN or CHALLENGE_AMBIGUOUS. */
export async function run(context: Context, { id }: Options): Promise<void> {
  const provider = await context.provider();
  const challenge = await chooseChallenge(provider, id, 'id');
  await provider.discard(challenge.challengeId);
  context.terminal.result(
    { challenge },
    () => `Discarded the challenge ${challenge.challengeId} for ${challenge.scopeRequested}.`,
  );
}
