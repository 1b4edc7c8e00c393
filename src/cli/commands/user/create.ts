import type { Command } from 'commander';
import { StepupError } from '../../../errors.js';
import { parseEmail, parsePhone } from '../../../providers/identifiers.js';
import type { UserIdentifier } from '../../../providers/prelude/management-users.js';
import type { Context } from '../../context.js';
import { newPassword, type PasswordFlags } from '../../new-password.js';
import type { Handle } from '../../tree.js';

export interface Options extends PasswordFlags {
  phone?: string | undefined;
  email?: string | undefined;
}

export function define(command: Command, handle: Handle): void {
  command
    .option('--phone <number>', 'phone number (E.164)')
    .option('--email <address>', 'email address')
    .option('--password-file <file>', 'file with a password for the user, - for standard input')
    .addHelpText(
      'after',
      `
Examples:
  $ stepup user create --phone +33612345678
  $ stepup user create --phone +33612345678 --email ada@example.com
  $ stepup user create --email ada@example.com --password-file password.txt --json
`,
    )
    .action(handle((context, options: Options) => run(context, options)));
}

/**
 * Makes a user. The password is held against what the application demands before anything is sent. Throws UsageError PHONE_INVALID,
 * EMAIL_INVALID, PASSWORD_INVALID, InputNeededError without phone number and address, RefusedError USER_EXISTS, PASSWORD_REFUSED
 * (the user is made then, which is said).
 */
export async function run(context: Context, options: Options): Promise<void> {
  const { terminal } = context;
  const identifiers = await identifiersOf(context, options);
  const management = await context.management();
  const password = options.passwordFile === undefined ? undefined : await passwordOf(context, options);
  const userId = await terminal.progress('Making the user', () => management.createUser(identifiers));
  if (password !== undefined) {
    try {
      await terminal.progress('Setting the password', () => management.setPassword(userId, password));
    } catch (error) {
      if (error instanceof StepupError) terminal.warn(`The user ${userId} is made, but has no password.`);
      throw error;
    }
  }
  const facts = { userId, identifiers, password: password !== undefined };
  const who = identifiers.map(({ value }) => value).join(', ');
  terminal.result(
    facts,
    () => `User ${terminal.out.bold(userId)} is made: ${who}${facts.password ? ', with a password' : ''}.`,
    () => userId,
  );
}

async function passwordOf(context: Context, options: Options): Promise<string> {
  const provider = await context.prelude();
  const policy = await context.terminal.progress('Reading the policy', () => provider.passwordPolicy());
  return newPassword(context, options, policy);
}

async function identifiersOf({ terminal }: Context, { phone, email }: Options): Promise<UserIdentifier[]> {
  const given: UserIdentifier[] = [
    ...(phone === undefined ? [] : [{ type: 'phone_number' as const, value: parsePhone(phone, '--phone') }]),
    ...(email === undefined ? [] : [{ type: 'email_address' as const, value: parseEmail(email, '--email') }]),
  ];
  if (given.length > 0) return given;
  const answer = await terminal.ask({ message: 'Phone number (E.164) or email address', flag: '--phone or --email' });
  return [
    answer.includes('@')
      ? { type: 'email_address', value: parseEmail(answer, '--email') }
      : { type: 'phone_number', value: parsePhone(answer, '--phone') },
  ];
}
