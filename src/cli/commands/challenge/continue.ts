import type { Command } from 'commander';
import { chooseChallenge } from '../../challenges.js';
import { addCodeFlags, createCodeSource, type CodeFlags } from '../../codes.js';
import type { Context } from '../../context.js';
import type { Handle } from '../../tree.js';
import { addVerificationFlags, createVerificationSource, type VerificationFlags } from '../../verification.js';
import { walkChallenge } from '../../walk.js';

export interface Options extends CodeFlags, VerificationFlags {
  id?: string | undefined;
}

export function define(command: Command, handle: Handle): void {
  addVerificationFlags(addCodeFlags(command.argument('[id]', 'challenge id; not needed when one is open')))
    .addHelpText(
      'after',
      `
A code that is under way is not sent again; for that, type resend at the prompt, or use stepup otp retry.

Examples:
  $ stepup challenge continue
  $ stepup challenge continue --code 123456
`,
    )
    .action(handle((context, id: string | undefined, flags: Omit<Options, 'id'>) => run(context, { ...flags, id })));
}

/** Goes on with a challenge to its end, as `request` does. Throws UsageError CHALLENGE_UNKNOWN or CHALLENGE_AMBIGUOUS too. */
export async function run(context: Context, options: Options): Promise<void> {
  const source = createCodeSource(context, options);
  const provider = await context.provider();
  const { challengeId } = await chooseChallenge(provider, options.id, 'id');
  await walkChallenge(context, provider.resume(challengeId), {
    codes: source,
    verification: createVerificationSource(context, options),
  });
}
