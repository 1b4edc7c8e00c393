import type { Command } from 'commander';
import type { Context } from '../context.js';
import type { Handle } from '../tree.js';

export interface Options {
  /** The elevated tokens too. */
  grants?: boolean | undefined;
}

export function define(command: Command, handle: Handle): void {
  command
    .option('--grants', 'forget the elevated tokens too')
    .addHelpText(
      'after',
      `
The login stays, and nothing is sent to the service.

Examples:
  $ stepup reset
  $ stepup reset --grants --json
`,
    )
    .action(handle((context, options: Options) => run(context, options)));
}

/** Forgets pending codes and challenges, and with `--grants` the elevated tokens. Throws FailedError (store). */
export async function run(context: Context, { grants = false }: Options): Promise<void> {
  const provider = await context.provider();
  const forgotten = await provider.reset({ grants });
  context.terminal.result(forgotten, (counts) => {
    const challenges = `${counts.challenges} ${counts.challenges === 1 ? 'challenge' : 'challenges'}`;
    const held = `${counts.grants} ${counts.grants === 1 ? 'grant' : 'grants'}`;
    return `Forgotten: ${grants ? `${challenges} and ${held}` : challenges}. The login stays.`;
  });
}
