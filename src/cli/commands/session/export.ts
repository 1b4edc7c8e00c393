import type { Command } from 'commander';
import { InputNeededError, SessionError, UsageError } from '../../../errors.js';
import { sessionKeyOf } from '../../../providers/target.js';
import type { Context } from '../../context.js';
import { moveOut } from '../../session-file.js';
import type { Handle } from '../../tree.js';

export interface Options {
  out?: string | undefined;
}

export function define(command: Command, handle: Handle): void {
  command
    .option('--out <file>', 'the file to move it to, readable by you only')
    .addHelpText(
      'after',
      `
Moves the session to a file, with the key that it is bound to: it is gone here. After a job has used it, exporting it again to the
same file writes the rotated one back, so that one job after another can carry it.

Examples:
  $ stepup session export --out session.json
  $ stepup session import session.json && ./job.sh; stepup session export --out session.json
`,
    )
    .action(handle((context, options: Options) => run(context, options)));
}

/** Moves the session to a file. Throws InputNeededError, UsageError FLAG_INVALID for `-`, SessionError NOT_LOGGED_IN, FailedError FILE_UNWRITABLE (it stays then). */
export async function run(context: Context, { out }: Options): Promise<void> {
  const { terminal, store } = context;
  if (out === undefined) {
    throw new InputNeededError('INPUT_NEEDED', 'A file is needed to move the session to.', {
      field: '--out',
      hint: 'Give it with --out FILE. A session holds secrets, so it is never printed.',
    });
  }
  if (out === '-') {
    throw new UsageError('FLAG_INVALID', '--out takes a file: a session holds secrets, so it is never printed.', {
      field: '--out',
    });
  }
  const session = await (await context.provider()).session();
  const moved = session !== undefined && (await moveOut(store, sessionKeyOf(await context.target()), out));
  if (!moved) throw new SessionError('NOT_LOGGED_IN', 'Nobody is logged in, so there is no session to move.');
  const { userId, identifier } = session;
  terminal.result(
    { session, file: out },
    () => `The session of ${identifier ?? userId} is in ${out} now, and gone here.`,
  );
}
