import type { Command } from 'commander';
import { UsageError } from '../../../errors.js';
import type { Context } from '../../context.js';
import type { Handle } from '../../tree.js';

export interface Options {
  userId: string;
  /** Asks nothing. */
  yes?: boolean | undefined;
}

export function define(command: Command, handle: Handle): void {
  command
    .argument('<id>', 'the user, e.g. usr_01')
    .option('--yes', 'delete the user without asking')
    .addHelpText(
      'after',
      `
The user's sessions end with it. This cannot be undone.

Examples:
  $ stepup user delete usr_01
  $ stepup user delete usr_01 --yes
`,
    )
    .action(handle((context, userId: string, flags: Omit<Options, 'userId'>) => run(context, { ...flags, userId })));
}

/** Deletes a user; one that is not there is no error. Throws UsageError FLAG_INVALID, InputNeededError without `--yes`, RefusedError. */
export async function run(context: Context, { userId, yes = false }: Options): Promise<void> {
  const { terminal } = context;
  // An empty id would name all of them.
  if (!/^[\w-]{1,64}$/.test(userId)) {
    throw new UsageError('FLAG_INVALID', `This is no user id: "${userId}".`, {
      field: 'id',
      hint: 'See them with: stepup user list',
    });
  }
  const { appId } = await context.preludeTarget();
  const management = await context.management();
  const question = `Delete the user ${userId} of application ${appId}?`;
  if (!yes && !(await terminal.confirm(question, '--yes'))) {
    terminal.result({ userId, deleted: false }, () => 'Nobody was deleted.');
    return;
  }
  const deleted = await terminal.progress('Deleting the user', () => management.deleteUser(userId));
  terminal.result({ userId, deleted }, () =>
    deleted ? `User ${userId} is deleted.` : `There is no user ${userId}: nothing to delete.`,
  );
}
