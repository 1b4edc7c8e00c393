import { Option, type Command } from 'commander';
import { FailedError, UsageError } from '../../../errors.js';
import type { Message } from '../../../emulator/emulator.js';
import type { Context } from '../../context.js';
import { findEmulatorClient } from '../../emulator-client.js';
import { printable } from '../../terminal/printable.js';
import type { Handle } from '../../tree.js';

export interface Options {
  to?: string | undefined;
  purpose?: string | undefined;
  channel?: string | undefined;
  challenge?: string | undefined;
  after?: string | undefined;
  wait?: string | undefined;
  codeOnly?: boolean | undefined;
}

export function define(command: Command, handle: Handle): void {
  command
    .option('--to <recipient>', 'only those to this phone number or address')
    .addOption(new Option('--purpose <purpose>', 'only those for this').choices(['login', 'step-up', 'register']))
    .addOption(new Option('--channel <channel>', 'only those by this').choices(['sms', 'email']))
    .option('--challenge <id>', 'only those of this challenge (default: $STEPUP_CHALLENGE_ID)')
    .option('--after <instant|id>', 'only those since this instant, or after this message (default: $STEPUP_SENT_AT)')
    .option('--wait <seconds>', 'wait for a first one')
    .option('--code-only', 'print the code of the newest one, and nothing else')
    .addHelpText(
      'after',
      `
Examples:
  $ stepup emulator messages
  $ stepup emulator messages --to +33612345678 --wait 5 --code-only
  $ stepup login --emulator --phone +33612345678 --code-command 'stepup emulator messages --wait 5 --code-only'
`,
    )
    .action(handle((context, options: Options) => run(context, options)));
}

const MAX_WAIT_SECONDS = 600;

/**
 * Reads the messages that the emulator "sent". Throws UsageError (EMULATOR_NOT_FOUND, EMULATOR_AMBIGUOUS, FLAG_INVALID,
 * FLAG_CONFLICT), FailedError MESSAGE_NOT_FOUND with `--code-only` when there is none, UnreachableError.
 */
export async function run(context: Context, options: Options): Promise<void> {
  const { terminal, system } = context;
  if (options.codeOnly && terminal.json) {
    throw new UsageError('FLAG_CONFLICT', '--code-only and --json cannot be used together.', { field: '--code-only' });
  }
  const wait = parseWait(options.wait);
  const { to, purpose, channel } = options;
  const { STEPUP_VERIFICATION_ID: verification, STEPUP_CHALLENGE_ID: known } = system.env;
  const challenge = options.challenge ?? (verification || known || undefined);
  const after = options.after ?? (system.env.STEPUP_SENT_AT || undefined);
  const client = await findEmulatorClient(context);
  const messages = await terminal.progress('Waiting for a message', () =>
    client.messages({ to, purpose, channel, challenge, after, wait }),
  );
  if (options.codeOnly) return printCode(context, messages, wait);
  await terminal.list(
    { messages },
    messages,
    [
      { title: 'SENT', value: (message) => message.createdAt },
      { title: 'BY', value: (message) => message.channel },
      { title: 'TO', value: (message) => message.to },
      { title: 'FOR', value: (message) => message.purpose },
      { title: 'CODE', value: (message) => message.code },
      { title: 'CHALLENGE', value: (message) => message.challengeId ?? '-' },
      { title: 'SUPPRESSED', value: (message) => (message.suppressed ? (message.reason ?? 'yes') : '-') },
    ],
    'There is no message.',
  );
}

function printCode({ terminal }: Context, messages: Message[], wait: number): void {
  const newest = messages.findLast(({ suppressed }) => !suppressed);
  if (newest) {
    terminal.result({ code: newest.code }, ({ code }) => code);
    return;
  }
  const suppressed = messages.at(-1);
  if (suppressed) {
    const reason = printable(suppressed.reason ?? 'no reason is given');
    throw new FailedError('MESSAGE_NOT_FOUND', `The message was suppressed, so it never arrives: ${reason}.`);
  }
  throw new FailedError('MESSAGE_NOT_FOUND', `No message fits${wait > 0 ? `, and none came within ${wait} s` : ''}.`, {
    hint: wait > 0 ? 'See all of them with: stepup emulator messages' : 'Wait for one with --wait 5.',
  });
}

function parseWait(text: string | undefined): number {
  if (text === undefined) return 0;
  const seconds = Number(text);
  if (/^\d+(\.\d+)?$/.test(text) && seconds <= MAX_WAIT_SECONDS) return seconds;
  throw new UsageError('FLAG_INVALID', `--wait takes seconds from 0 to ${MAX_WAIT_SECONDS}, not "${text}".`, {
    field: '--wait',
  });
}
