import type { Command } from 'commander';
import { RefusedError, UsageError } from '../../../errors.js';
import { challengeInWords, chooseChallenge, refuseDetached } from '../../challenges.js';
import { ANY_CODE, codeWrong, createCodeSource } from '../../codes.js';
import type { Context } from '../../context.js';
import { showGrant } from '../../grants.js';
import type { Handle } from '../../tree.js';

export interface Options {
  challenge?: string | undefined;
  code?: string | undefined;
  /** Scopes of a challenge that was opened without one. */
  scope?: string[] | undefined;
}

export function define(command: Command, handle: Handle): void {
  command
    .option('--challenge <id>', 'challenge id; not needed when one is open')
    .option('--code <code>', 'the code, or - to read it from standard input')
    .option('--scope <scope...>', 'Dynamic: what the code is for, where it was sent before a scope was named')
    .addHelpText(
      'after',
      `
Examples:
  $ stepup otp check --code 123456
  $ stepup emulator messages --wait 5 --code-only | stepup otp check --code -
`,
    )
    .action(handle((context, options: Options) => run(context, options)));
}

/**
 * Checks one code, once: the challenge's new facts, or, after its last step, the grant as `request` prints it. Throws
 * RefusedError CODE_WRONG with the challenge kept, InputNeededError, UsageError, SessionError, UnreachableError.
 */
export async function run(context: Context, options: Options): Promise<void> {
  const { terminal } = context;
  const source = createCodeSource(context, { code: options.code === undefined ? undefined : [options.code] });
  const provider = await context.provider();
  const chosen = await chooseChallenge(provider, options.challenge, '--challenge');
  refuseDetached(chosen);
  const { challengeId, currentStep, scopeRequested, steps } = chosen;
  if (scopeRequested === '' && options.scope === undefined) throw scopeMissing(challengeId);
  const kind = steps.find(({ key }) => key === currentStep)?.kind;
  const form = kind === 'recovery' ? { kind, accepts: ANY_CODE } : { accepts: provider.codeForm };
  source.ready(challengeId, form.accepts);
  const scope = options.scope?.join(' ') ?? scopeRequested;
  const answer = await source.next({ challengeId, key: currentStep, scope, ...form }, []).finally(source.close);
  if (answer.kind === 'resend') throw new TypeError('a step without resend was told to send again');
  const { challenge, grant } = await checking(challengeId, () =>
    terminal.progress('Checking the code', () => provider.checkCode(challengeId, answer.code, options.scope)),
  );
  if (!grant) {
    terminal.result({ challenge }, () => challengeInWords(challenge));
    return;
  }
  terminal.note(challengeInWords(challenge));
  showGrant(context, { challenge, grant });
}

async function checking<T>(challengeId: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof RefusedError && error.code === 'CODE_WRONG')
      throw codeWrong({ challengeId }, error.serviceCode);
    throw error;
  }
}

/** Before a code is asked for: it could not be used. */
function scopeMissing(challengeId: string): UsageError {
  return new UsageError('SCOPE_COUNT', 'The code was sent before a scope was named, so one is needed now.', {
    field: '--scope',
    hint: `Name it with: stepup otp check --challenge ${challengeId} --scope SCOPE`,
  });
}
