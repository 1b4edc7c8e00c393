import type { Command } from 'commander';
import { SessionError, UsageError } from '../../../errors.js';
import type { Context } from '../../context.js';
import { timeLeft } from '../../../durations.js';
import { printable } from '../../terminal/printable.js';
import type { Handle } from '../../tree.js';

export interface Options {
  limit: string;
  offset: string;
}

export function define(command: Command, handle: Handle): void {
  command
    .option('--limit <count>', 'how many (1 to 100)', '10')
    .option('--offset <count>', 'after how many', '0')
    .addHelpText(
      'after',
      `
The one that is open here has a *. Dynamic tells a user of no other one.

Examples:
  $ stepup session list
  $ stepup session list --limit 100 --json
`,
    )
    .action(handle((context, options: Options) => run(context, options)));
}

/** Lists the user's sessions, a page of them. Throws SessionError NOT_LOGGED_IN, UsageError FLAG_INVALID, UnreachableError. */
export async function run(context: Context, options: Options): Promise<void> {
  const { terminal, system } = context;
  const limit = parseCount(options.limit, '--limit', 1, 100);
  const offset = parseCount(options.offset, '--offset', 0, 1_000_000);
  const provider = await context.provider();
  if (!(await provider.session())) throw new SessionError('NOT_LOGGED_IN', 'Nobody is logged in.');
  const { sessions, total } = await terminal.progress('Reading the sessions', () =>
    provider.sessions({ limit, offset }),
  );
  const expiry = (instant = '-'): string =>
    terminal.tty && instant !== '-' ? `${instant} (${timeLeft(instant, system.now())})` : instant;
  await terminal.list(
    { sessions, total, limit, offset },
    sessions,
    [
      { title: '', value: ({ current }) => (current ? '*' : ' ') },
      { title: 'SESSION', value: ({ sessionId }) => printable(sessionId) },
      { title: 'OPENED BY', value: ({ identifier = '-' }) => printable(identifier) },
      { title: 'DEVICE', value: ({ device = '-' }) => printable(device) },
      { title: 'COUNTRY', value: ({ country = '-' }) => printable(country) },
      { title: 'LAST SEEN', value: ({ lastSeenAt = '-' }) => lastSeenAt },
      { title: 'EXPIRES', value: ({ expiresAt }) => expiry(expiresAt) },
    ],
    'There is no session.',
  );
  const next = offset + sessions.length;
  if (next < total) terminal.note(`${total - next} more: stepup session list --offset ${next}`);
}

function parseCount(text: string, flag: string, least: number, most: number): number {
  const count = Number(text);
  if (/^\d{1,7}$/.test(text) && count >= least && count <= most) return count;
  throw new UsageError('FLAG_INVALID', `${flag} takes a number from ${least} to ${most}, not "${text}".`, {
    field: flag,
  });
}
