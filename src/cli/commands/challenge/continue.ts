import type { Command } from 'commander';
import * as v from 'valibot';
import type { Challenge } from '../../../providers/provider.js';
import { checkVerificationToken } from '../../../backend/verification-token.js';
import { chooseChallenge, openChallenges } from '../../challenges.js';
import { addCodeFlags, createCodeSource, type CodeFlags } from '../../codes.js';
import type { Context } from '../../context.js';
import { consentTo, type ConsentFlags } from '../../detached.js';
import { readSecret } from '../../secrets.js';
import type { Handle } from '../../tree.js';
import {
  addVerificationFlags,
  createVerificationSource,
  type VerificationFlags,
  type VerificationSource,
} from '../../verification.js';
import { walkChallenge } from '../../walk.js';

export interface Options extends CodeFlags, VerificationFlags, ConsentFlags {
  id?: string | undefined;
}

export function define(command: Command, handle: Handle): void {
  addVerificationFlags(addCodeFlags(command.argument('[id]', 'challenge id; not needed when one is open')))
    .option('--yes', 'agree to what somebody else has started, without being asked')
    .addHelpText(
      'after',
      `
A code that is under way is not sent again; for that, type resend at the prompt, or use stepup otp retry. Without an id, where
several challenges are open, a verification token says by its challenge_id which one is meant.

A challenge of stepup request --detach is somebody else's: a person is shown its scope and metadata, and asked, before a code is sent.
Whoever declines discards it. Without a terminal --yes is the consent, or a flag that gives the code.

Examples:
  $ stepup challenge continue
  $ stepup challenge continue --code 123456
  $ stepup challenge continue --verification-token token.jwt
`,
    )
    .action(handle((context, id: string | undefined, flags: Omit<Options, 'id'>) => run(context, { ...flags, id })));
}

/**
 * Goes on with a challenge to its end, as `request` does. Throws UsageError CHALLENGE_UNKNOWN or CHALLENGE_AMBIGUOUS too, and RefusedError
 * CHALLENGE_DISCARDED for a detached one that is declined.
 */
export async function run(context: Context, options: Options): Promise<void> {
  const codes = createCodeSource(context, options);
  const verification = createVerificationSource(context, options);
  const provider = await context.provider();
  const [file, ...later] = options.verificationToken ?? [];
  if (options.id !== undefined || file === undefined || (await openChallenges(provider)).length < 2) {
    return answer(await chooseChallenge(provider, options.id, 'id'), verification);
  }
  const tokens = await tokensIn(context, file);
  const challenge = await chooseChallenge(provider, challengeIn(tokens[0]), FLAG);
  const after = createVerificationSource(context, later.length > 0 ? { ...options, verificationToken: later } : {});
  await answer(challenge, {
    async next(step) {
      const token = tokens.shift();
      return token === undefined ? after.next(step) : checkVerificationToken(token, FLAG);
    },
  });

  async function answer(one: Challenge, by: VerificationSource): Promise<void> {
    await consentTo(context, provider, one, options);
    // What is granted is for whoever has started it.
    const forAnother = one.detached;
    await walkChallenge(context, provider.resume(one.challengeId), { codes, verification: by }, { forAnother });
  }
}

const FLAG = '--verification-token';

/** The tokens of a file or of standard input, one a line. The first one may be sent. */
async function tokensIn({ system }: Context, file: string): Promise<[string, ...string[]]> {
  const [first = '', ...more] = (await readSecret(system, file, FLAG)).split('\n').filter((line) => line.trim() !== '');
  return [checkVerificationToken(first, FLAG), ...more];
}

/** The challenge that a token is for, as in the official SDK. Undefined where it does not say. */
function challengeIn(token: string): string | undefined {
  const claims: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'));
  const parsed = v.safeParse(v.object({ challenge_id: v.string() }), claims);
  return parsed.success ? parsed.output.challenge_id : undefined;
}
