/** A new password: asked for without echo, held against what the application demands, never in an argument list. */
import { UsageError } from '../errors.js';
import type { PasswordPolicy } from '../providers/prelude/provider.js';
import type { CodeFlags } from './codes.js';
import type { Context } from './context.js';
import { readSecret } from './secrets.js';

/** Adds to a command where a new password comes from. */
export interface PasswordFlags {
  /** A file, or `-` for standard input. */
  passwordFile?: string | undefined;
}

/** Standard input has one reader. Throws UsageError FLAG_CONFLICT. */
export function refuseTwoReaders({ passwordFile, code }: PasswordFlags & CodeFlags): void {
  if (passwordFile !== '-' || !code?.includes('-')) return;
  throw new UsageError('FLAG_CONFLICT', '--password-file - and --code - both read standard input.', {
    field: '--password-file',
  });
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

/**
 * What a password lacks, in words; undefined when it is good. Characters are code points, counted as the service counts them: whatever is
 * no letter with a case and no decimal digit is a symbol. Prelude: password compliancy.
 */
function problemOf(password: string, policy: PasswordPolicy): string | undefined {
  const characters = Array.from(password);
  const matching = (kind: RegExp): number => characters.filter((each) => kind.test(each)).length;
  const uppercase = matching(/\p{Lu}/u);
  const lowercase = matching(/\p{Ll}/u);
  const numbers = matching(/\p{Nd}/u);
  const symbols = characters.length - uppercase - lowercase - numbers;
  const { minLength, maxLength } = policy;
  const lacks = [
    characters.length < minLength && atLeast(minLength, 'character'),
    maxLength > 0 && characters.length > maxLength && `at most ${maxLength} characters`,
    uppercase < policy.uppercase && atLeast(policy.uppercase, 'upper-case letter'),
    lowercase < policy.lowercase && atLeast(policy.lowercase, 'lower-case letter'),
    numbers < policy.numbers && atLeast(policy.numbers, 'digit'),
    symbols < policy.symbols && atLeast(policy.symbols, 'symbol'),
  ].filter((lack) => lack !== false);
  return lacks.length === 0 ? undefined : `The application demands ${lacks.join(', ')}.`;
}

function atLeast(count: number, what: string): string {
  return `at least ${count} ${what}${count === 1 ? '' : 's'}`;
}
