import type { Command } from 'commander';
import { UsageError } from '../../../errors.js';
import { parseEmail, parsePhone } from '../../../providers/identifiers.js';
import { addCodeFlags, createCodeSource, type CodeFlags } from '../../codes.js';
import type { Context } from '../../context.js';
import { noteEvent, walk } from '../../walk.js';
import type { Handle } from '../../tree.js';

export interface Options extends CodeFlags {
  phone?: string | undefined;
  email?: string | undefined;
}

export function define(command: Command, handle: Handle): void {
  addCodeFlags(
    command
      .option('--phone <number>', 'phone number in E.164, e.g. +33612345678')
      .option('--email <address>', 'email address'),
  )
    .addHelpText(
      'after',
      `
A code goes to the new number or address; when it is right, the user has it. The scopes prld:phone:register and prld:email:register
must be allowed: stepup scope add prld:email:register --mode managed

Examples:
  $ stepup identifier add --email user@example.com
  $ stepup identifier add --phone +33612345678 --code-command ./read-code.sh
`,
    )
    .action(handle((context, options: Options) => run(context, options)));
}

/**
 * Gives the user one more phone number or address. Throws UsageError (PHONE_INVALID, EMAIL_INVALID, FLAG_CONFLICT), SessionError,
 * RefusedError (one that somebody has), InputNeededError, UnreachableError, InterruptedError.
 */
export async function run(context: Context, options: Options): Promise<void> {
  const { terminal } = context;
  const source = createCodeSource(context, options);
  const { scope, identifier } = wanted(options);
  const provider = await context.prelude();
  const events = provider.request([scope], { metadata: { identifier } });
  const outcome = await walk(context, events, { codes: source }, (event, triesLeft) =>
    noteEvent(terminal, event, triesLeft),
  );
  if (outcome.type !== 'granted') throw new TypeError('a request ended with a login');
  terminal.result({ identifier, added: true }, () => `${identifier} is the user's now.`);
}

function wanted({ phone, email }: Options): { scope: string; identifier: string } {
  if ((phone === undefined) === (email === undefined)) {
    throw new UsageError('FLAG_CONFLICT', 'Give one of --phone and --email.', { field: '--phone' });
  }
  return email === undefined
    ? { scope: 'prld:phone:register', identifier: parsePhone(phone ?? '', '--phone') }
    : { scope: 'prld:email:register', identifier: parseEmail(email, '--email') };
}
