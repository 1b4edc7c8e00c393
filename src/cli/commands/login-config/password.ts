import { isDeepStrictEqual } from 'node:util';
import type { Command } from 'commander';
import { UsageError } from '../../../errors.js';
import type { Context } from '../../context.js';
import {
  checkLengths,
  INITIAL,
  passwordFacts,
  passwordInWords,
  withPasswordFlags,
  type PasswordLoginFlags,
} from '../../password-login.js';
import type { Handle } from '../../tree.js';

export interface Options extends PasswordLoginFlags {
  enable?: boolean | undefined;
  disable?: boolean | undefined;
}

export function define(command: Command, handle: Handle): void {
  command
    .option('--enable', 'let users log in by password')
    .option('--disable', 'let nobody log in by password')
    .option('--min-length <count>', 'characters that a password has at least')
    .option('--max-length <count>', 'characters that it has at most; 0 for no limit')
    .option('--uppercase [count]', 'demand upper-case letters (1)')
    .option('--no-uppercase', 'demand none')
    .option('--lowercase [count]', 'demand lower-case letters (1)')
    .option('--no-lowercase', 'demand none')
    .option('--numbers [count]', 'demand digits (1)')
    .option('--no-numbers', 'demand none')
    .option('--symbols [count]', 'demand symbols (1)')
    .option('--no-symbols', 'demand none')
    .option('--ip-limit <tries/seconds>', 'tries from one address within a time, as 20/600')
    .option('--identifier-limit <tries/seconds>', 'tries for one user within a time, as 5/600')
    .addHelpText(
      'after',
      `
Without a flag it shows the policy. Flags change what they name, and nothing else.

Examples:
  $ stepup login-config password
  $ stepup login-config password --min-length 12 --numbers --symbols
  $ stepup login-config password --disable --json
`,
    )
    .action(handle((context, options: Options) => run(context, options)));
}

/**
 * Shows the configuration of password login, or changes it. Throws UsageError FLAG_CONFLICT, FLAG_INVALID, RefusedError NOT_OFFERED
 * where the service does not show or change it.
 */
export async function run(context: Context, { enable, disable, ...flags }: Options): Promise<void> {
  const { terminal } = context;
  if (enable && disable) {
    throw new UsageError('FLAG_CONFLICT', '--enable and --disable cannot be used together.', { field: '--disable' });
  }
  const enabled = enable ? true : disable ? false : undefined;
  const given = enabled !== undefined || Object.values(flags).some((flag) => flag !== undefined);
  withPasswordFlags(INITIAL, flags, enabled);
  const management = await context.management();
  const stored = await terminal.progress('Reading the policy', () => management.passwordLogin());
  if (!given) {
    terminal.result({ password: stored ? passwordFacts(stored) : null }, () =>
      stored ? passwordInWords(passwordFacts(stored)) : 'Password login is not configured.',
    );
    return;
  }
  const next = withPasswordFlags({ ...INITIAL, ...stored }, flags, enabled);
  checkLengths(next, flags);
  const changed = !stored || !isDeepStrictEqual(passwordFacts(stored), passwordFacts(next));
  if (changed) {
    await terminal.progress('Writing the policy', () => management.writePasswordLogin(next, stored !== undefined));
  }
  const facts = passwordFacts(next);
  terminal.result(
    { changed, password: facts },
    () => `${changed ? 'Password login is now so:' : 'It is so already:'}\n${passwordInWords(facts)}`,
  );
}
