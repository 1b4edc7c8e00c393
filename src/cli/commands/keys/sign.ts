import type { Command } from 'commander';
import { signVerificationToken, USUAL_SECONDS } from '../../../backend/verification-token.js';
import { UsageError } from '../../../errors.js';
import type { Challenge } from '../../../providers/provider.js';
import { chooseChallenge } from '../../challenges.js';
import type { Context } from '../../context.js';
import { parseKid, signingKey } from '../../signing-keys.js';
import { printable } from '../../terminal/printable.js';
import type { Handle } from '../../tree.js';

export interface Options {
  challenge?: string | undefined;
  step?: string | undefined;
  user?: string | undefined;
  key?: string | undefined;
  kid?: string | undefined;
  expires: string;
  status: string;
}

export function define(command: Command, handle: Handle): void {
  command
    .option('--challenge <id>', 'the challenge (default: the only one that is open here)')
    .option('--step <key>', 'the custom step that was done (default: the current one of the challenge)')
    .option('--user <id>', 'whom it is about (default: the user of the challenge)')
    .option('--key <key>', 'signing key: a name of the store, a file, or - (default: the only one of the store)')
    .option('--kid <kid>', 'under another key id, e.g. that of a PEM file in your JWKS')
    .option(
      '--expires <seconds>',
      'until it ends; at -60 it is over already, nearer to zero a service may allow for clocks that differ',
      String(USUAL_SECONDS),
    )
    .option('--status <status>', 'completed, or what is to be refused', 'completed')
    .addHelpText(
      'after',
      `
Signs what your backend would sign once the user has done the step. With challenge, step and user given, nobody needs to be logged
in here. The token is for one use.

Examples:
  $ stepup keys sign
  $ stepup keys sign --challenge chl_01 --step kyc_review --user usr_01 --key key.pem
  $ stepup keys sign | stepup challenge continue --verification-token -
`,
    )
    .action(handle((context, options: Options) => run(context, options)));
}

/**
 * Signs a verification token; prints the bare token. `--json`: `{"token","claims":{sub,challenge_id,key,status,jti,iat,nbf,exp}}`. Throws
 * UsageError (FLAG_INVALID, KEY_UNKNOWN, KEY_INVALID, KEY_EXPOSED, CHALLENGE_UNKNOWN, CHALLENGE_AMBIGUOUS, STEP_UNSUPPORTED),
 * SessionError NOT_LOGGED_IN where a challenge has to be looked up, FailedError.
 */
export async function run(context: Context, options: Options): Promise<void> {
  const { terminal, system } = context;
  const expiresIn = parseExpires(options.expires);
  const kid = parseKid(options.kid);
  const status = claim(options.status, '--status');
  const given = {
    challenge: options.challenge === undefined ? undefined : claim(options.challenge, '--challenge'),
    step: options.step === undefined ? undefined : claim(options.step, '--step'),
    user: options.user === undefined ? undefined : claim(options.user, '--user'),
  };
  const key = await signingKey(context, options.key, { kid });
  const about = await subjectOf(context, given);
  const signed = await signVerificationToken(key, { ...about, status, expiresIn }, system);
  terminal.result(signed, ({ token }) => token);
  if (terminal.tty) {
    const until = new Date(signed.claims.exp * 1000).toISOString();
    terminal.note(
      printable(`Says that ${about.userId} has ${status} ${about.step} of ${about.challengeId}. Good until ${until}.`),
    );
  }
}

interface Given {
  challenge: string | undefined;
  step: string | undefined;
  user: string | undefined;
}

interface Subject {
  challengeId: string;
  step: string;
  userId: string;
}

/** What the token is about: what was given, and for the rest a challenge that is open here. */
async function subjectOf(context: Context, { challenge, step, user }: Given): Promise<Subject> {
  if (challenge !== undefined && step !== undefined && user !== undefined) {
    return { challengeId: challenge, step, userId: user };
  }
  const prelude = await context.prelude();
  const open = challenge === undefined ? await thatWaitFor(context, step) : [];
  const found = open.length === 1 ? open[0]! : await chooseChallenge(prelude, challenge, '--challenge');
  return { challengeId: found.challengeId, step: step ?? currentCustomStep(found), userId: user ?? found.userId };
}

/** The open challenges that wait for a step: where there is one, it is the one that is meant. */
async function thatWaitFor(context: Context, step: string | undefined): Promise<Challenge[]> {
  const prelude = await context.prelude();
  return step === undefined ? [] : (await prelude.challenges()).filter(({ currentStep }) => currentStep === step);
}

function currentCustomStep({ challengeId, currentStep, steps }: Challenge): string {
  if (steps.some(({ key, kind }) => key === currentStep && kind === 'custom')) return currentStep;
  throw new UsageError('STEP_UNSUPPORTED', `The challenge ${challengeId} does not wait for a custom step now.`, {
    field: '--step',
    hint: `It is at ${currentStep}, which the service does itself. Name the step with --step.`,
  });
}

/** How far from now a token may end. Seconds. */
const LONGEST = 86_400;

function parseExpires(text: string): number {
  const seconds = Number(text);
  if (/^-?\d{1,6}$/.test(text) && Math.abs(seconds) <= LONGEST) return seconds;
  throw new UsageError('FLAG_INVALID', `--expires takes seconds from -${LONGEST} to ${LONGEST}, not "${text}".`, {
    field: '--expires',
  });
}

function claim(text: string, field: string): string {
  if (/^[^\p{C}]{1,256}$/u.test(text)) return text;
  throw new UsageError('FLAG_INVALID', `${field} takes 1 to 256 characters, none of them a control character.`, {
    field,
  });
}
