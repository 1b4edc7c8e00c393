/** A new password: asked for without echo, held against what the application demands, never in an argument list. */
import { UsageError } from '../errors.js';
import type { PasswordPolicy } from '../providers/prelude/provider.js';
import type { Context } from './context.js';
import { readSecret } from './secrets.js';

/** Adds to a command where a new password comes from. */
export interface PasswordFlags {
  /** A file, or `-` for standard input. */
  passwordFile?: string | undefined;
}

/** Asks twice in a terminal. Throws UsageError PASSWORD_INVALID with what is missing, InputNeededError, InterruptedError. */
export async function newPassword(
  { terminal, system }: Context,
  { passwordFile }: PasswordFlags,
  policy: PasswordPolicy,
): Promise<string> {
  if (passwordFile !== undefined) {
    const password = await readSecret(system, passwordFile, '--password-file');
    const problem = problemOf(password, policy);
    if (problem !== undefined) {
      throw new UsageError('PASSWORD_INVALID', `--password-file: ${problem}`, { field: '--password-file' });
    }
    return password;
  }
  const flag = '--password-file';
  const problem = (text: string): string | undefined => problemOf(text, policy);
  const password = await terminal.ask({ message: 'New password', flag, secret: true, problem });
  await terminal.ask({
    message: 'The same once more',
    flag,
    secret: true,
    problem: (text) => (text === password ? undefined : 'The two are not the same.'),
  });
  return password;
}

/** What a password lacks, in words; undefined when it is good. */
function problemOf(password: string, policy: PasswordPolicy): string | undefined {
  const length = Array.from(password).length;
  const lacks = [
    length < policy.minLength && `at least ${policy.minLength} characters`,
    policy.maxLength > 0 && length > policy.maxLength && `at most ${policy.maxLength} characters`,
    policy.uppercase && !/\p{Lu}/u.test(password) && 'an upper-case letter',
    policy.lowercase && !/\p{Ll}/u.test(password) && 'a lower-case letter',
    policy.numbers && !/\p{Nd}/u.test(password) && 'a digit',
    policy.symbols && !/[^\p{L}\p{N}\s]/u.test(password) && 'a symbol',
  ].filter((lack) => lack !== false);
  return lacks.length === 0 ? undefined : `The application demands ${lacks.join(', ')}.`;
}
