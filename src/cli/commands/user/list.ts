import type { Command } from 'commander';
import { UsageError } from '../../../errors.js';
import type { Context } from '../../context.js';
import type { Handle } from '../../tree.js';

export interface Options {
  limit: string;
  offset: string;
}

export function define(command: Command, handle: Handle): void {
  command
    .option('--limit <count>', 'how many (1 to 100)', '100')
    .option('--offset <count>', 'after how many', '0')
    .addHelpText(
      'after',
      `
Prelude documents no such call: where the service has none, that is said. The emulator has it.

Examples:
  $ stepup user list
  $ stepup user list --limit 10 --offset 10 --json
`,
    )
    .action(handle((context, options: Options) => run(context, options)));
}

/** Lists the users, a page of them. Throws UsageError FLAG_INVALID, RefusedError NOT_OFFERED where the service has no list. */
export async function run(context: Context, options: Options): Promise<void> {
  const { terminal } = context;
  const limit = parseCount(options.limit, '--limit', 1, 100);
  const offset = parseCount(options.offset, '--offset', 0, 1_000_000);
  const management = await context.management();
  const { users, total } = await terminal.progress('Reading the users', () => management.users({ limit, offset }));
  const ofType = (type: string, identifiers: (typeof users)[number]['identifiers']): string =>
    identifiers.flatMap((each) => (each.type === type ? [each.value] : [])).join(' ') || '-';
  await terminal.list(
    { users, ...(total === undefined ? {} : { total }), limit, offset },
    users,
    [
      { title: 'USER', value: ({ userId }) => userId },
      { title: 'PHONE', value: ({ identifiers }) => ofType('phone_number', identifiers) },
      { title: 'EMAIL', value: ({ identifiers }) => ofType('email_address', identifiers) },
      { title: 'CREATED', value: ({ createdAt = '-' }) => createdAt },
    ],
    offset === 0 ? 'There is no user. Make one with: stepup user create' : 'There is no further user.',
  );
  const next = offset + users.length;
  if (total !== undefined && users.length > 0 && next < total) {
    terminal.note(`${total - next} more: stepup user list --offset ${next}`);
  }
}

function parseCount(text: string, flag: string, least: number, most: number): number {
  const count = Number(text);
  if (/^\d{1,7}$/.test(text) && count >= least && count <= most) return count;
  throw new UsageError('FLAG_INVALID', `${flag} takes a number from ${least} to ${most}, not "${text}".`, {
    field: flag,
  });
}
