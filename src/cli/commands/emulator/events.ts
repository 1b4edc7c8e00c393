import type { Command } from 'commander';
import { UsageError } from '../../../errors.js';
import type { Context } from '../../context.js';
import { findControl, tenantOf } from '../../emulator-client.js';
import { readEvents } from '../../emulator-events.js';
import type { Handle } from '../../tree.js';
import { eventInWords, isToldByRequest } from './event.js';

export interface Options {
  follow?: boolean | undefined;
  type?: string[] | undefined;
  after?: string | undefined;
}

const TYPES = [
  'request',
  'refusal',
  'message',
  'message-late',
  'challenge',
  'hook',
  'token',
  'session',
  'password',
  'fault',
  'clock',
  'state',
  'snapshot',
  'tenant',
  'seed',
  'warning',
  'bug',
];

export function define(command: Command, handle: Handle): void {
  command
    .option('--follow', 'go on as things happen')
    .option('--type <type...>', `only these: ${TYPES.join(', ')}`)
    .option('--after <id>', 'only those after this event')
    .addHelpText(
      'after',
      `
A refusal is told with its reason in words, which the service itself never gives. No event has a code, a token or a key in it.

Examples:
  $ stepup emulator events
  $ stepup emulator events --follow --type refusal
  $ stepup emulator events --follow --json
`,
    )
    .action(handle((context, options: Options) => run(context, options)));
}

/**
 * Prints the events, one a line; with `--follow` until the emulator stops. Throws UsageError (FLAG_INVALID, EMULATOR_NOT_FOUND,
 * EMULATOR_AMBIGUOUS), RefusedError, UnreachableError, InterruptedError.
 */
export async function run(context: Context, options: Options): Promise<void> {
  const { terminal } = context;
  const { follow = false, type: types } = options;
  const unknown = types?.find((type) => !TYPES.includes(type));
  if (unknown !== undefined) {
    throw new UsageError('FLAG_INVALID', `--type: there is no event "${unknown}".`, {
      field: '--type',
      hint: `There are: ${TYPES.join(', ')}.`,
    });
  }
  const query = { after: numberOf(options.after), tenant: tenantOf(context), follow };
  for await (const event of readEvents(context, await findControl(context), query)) {
    if (types ? !types.includes(event.type) : !terminal.json && isToldByRequest(event)) continue;
    terminal.result(event, () => eventInWords(event, undefined, terminal.out));
  }
  if (follow) terminal.note('The emulator has stopped.');
}

function numberOf(text: string | undefined): number {
  if (text === undefined) return 0;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new UsageError('FLAG_INVALID', `--after takes the id of an event, not "${text}".`, { field: '--after' });
}
