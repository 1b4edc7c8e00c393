import type { Command } from 'commander';
import { SessionError, UsageError } from '../../../errors.js';
import type { Revocation } from '../../../providers/prelude/provider.js';
import type { Context } from '../../context.js';
import type { Handle } from '../../tree.js';

export interface Options {
  all?: boolean | undefined;
  others?: boolean | undefined;
  id?: string | undefined;
  yes?: boolean | undefined;
}

export function define(command: Command, handle: Handle): void {
  command
    .option('--all', 'every session, this one too')
    .option('--others', 'every session but this one')
    .option('--id <id>', 'one session')
    .option('--yes', 'do not ask')
    .addHelpText(
      'after',
      `
Examples:
  $ stepup session revoke --others
  $ stepup session revoke --id ses_2bgvhv2qqmpd8qfgvmsd00j7ez --yes
`,
    )
    .action(handle((context, options: Options) => run(context, options)));
}

/**
 * Ends sessions at the service; with this one among them, here too. Throws UsageError FLAG_CONFLICT, SessionError NOT_LOGGED_IN,
 * InputNeededError, RefusedError, UnreachableError.
 */
export async function run(context: Context, options: Options): Promise<void> {
  const { terminal } = context;
  const revocation = revocationOf(options);
  const provider = await context.prelude();
  if (!(await provider.session())) throw new SessionError('NOT_LOGGED_IN', 'Nobody is logged in.');
  const what = revocation.target === 'session' ? `session ${revocation.sessionId}` : `${revocation.target} sessions`;
  if (!options.yes && !(await terminal.confirm(`End ${what}?`, '--yes'))) {
    terminal.result({ revoked: false }, () => 'Nothing was ended.');
    return;
  }
  await terminal.progress('Ending sessions', () => provider.revokeSessions(revocation));
  const loggedIn = (await provider.session()) !== undefined;
  terminal.result({ revoked: true, ...revocation, loggedIn }, () =>
    loggedIn ? 'They are ended; this session goes on.' : 'They are ended, and nobody is logged in here any more.',
  );
}

function revocationOf({ all, others, id }: Options): Revocation {
  const given = [all && '--all', others && '--others', id !== undefined && '--id'].filter(Boolean);
  if (given.length !== 1) {
    throw new UsageError('FLAG_CONFLICT', 'Give one of --all, --others and --id.', { field: '--all' });
  }
  if (id !== undefined) return { target: 'session', sessionId: id };
  return { target: all ? 'all' : 'others' };
}
