import type { Command } from 'commander';
import type { Context } from '../../context.js';
import type { Handle } from '../../tree.js';

export interface Options {
  /** Makes new codes. */
  new?: boolean | undefined;
  /** Asks nothing. */
  yes?: boolean | undefined;
}

export function define(command: Command, handle: Handle): void {
  command
    .option('--new', 'make new codes; the old ones end')
    .option('--yes', 'make them without asking')
    .addHelpText(
      'after',
      `
Each code is good once, in place of an MFA method that is not at hand.

Examples:
  $ stepup mfa recovery-codes > codes.txt
  $ stepup mfa recovery-codes --json
  $ stepup mfa recovery-codes --new --yes
`,
    )
    .action(handle((context, options: Options) => run(context, options)));
}

/** Prints the recovery codes that are not spent; the service makes the first ones when there are none. Throws SessionError, InputNeededError. */
export async function run(context: Context, options: Options): Promise<void> {
  const { terminal } = context;
  const fresh = options.new === true;
  const provider = await context.dynamic();
  // Who is not logged in must not be asked anything.
  if (fresh) await provider.accessToken();
  if (fresh && !options.yes && !(await terminal.confirm('Make new recovery codes? The old ones end.', '--yes'))) {
    terminal.result({ changed: false }, () => 'The codes stay as they are.');
    return;
  }
  const recoveryCodes = await terminal.progress('Reading the recovery codes', () => provider.recoveryCodes({ fresh }));
  if (fresh) terminal.warn('The recovery codes that there were before are no longer good.');
  const lines = (): string => recoveryCodes.join('\n');
  terminal.result({ recoveryCodes }, lines, lines);
  if (recoveryCodes.length === 0) terminal.note('All are spent. Make new ones with: stepup mfa recovery-codes --new');
  else terminal.note('Each is good once. Keep them where only you can read them.');
}
