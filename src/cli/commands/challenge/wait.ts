import type { Command } from 'commander';
import { RefusedError, SessionError, UnreachableError, UsageError, type StepupError } from '../../../errors.js';
import type { EndedChallenge, Provider } from '../../../providers/provider.js';
import { chooseChallenge } from '../../challenges.js';
import type { Context } from '../../context.js';
import { parseDuration } from '../../../durations.js';
import { grantInWords } from '../../grants.js';
import type { Handle } from '../../tree.js';

export interface Options {
  id?: string | undefined;
  /** A span of time. */
  for?: string | undefined;
}

export function define(command: Command, handle: Handle): void {
  command
    .argument('[id]', 'challenge id; not needed when one is open')
    .option('--for <time>', 'wait no longer than this, e.g. 5m (default: as long as the challenge is open)')
    .addHelpText(
      'after',
      `
Waits until another process on this store has ended the challenge, and sees no code. Status 0 when it was granted, also before the wait
began (an end is remembered for a day); 3 when it was discarded, refused, or its own time is over; 4 when the session has ended; 6 when
--for is over and the challenge is still open.

Examples:
  $ stepup challenge wait chl_… && TOKEN=$(stepup token --scope transfer:write)
  $ stepup challenge wait chl_… --for 5m --json
`,
    )
    .action(handle((context, id: string | undefined, flags: Omit<Options, 'id'>) => run(context, { ...flags, id })));
}

/** How often the store is looked at. Milliseconds. */
const LOOK_MS = 300;
/** An answer that was on its way when the time ended may still come. Milliseconds. */
const GRACE_MS = 2000;

/**
 * Waits for the end of a challenge. `--json`: `{"challengeId","outcome":"granted","endedAt","grant":{scopes,expiresAt,grantedAt,singleUse,
 * mode,factors}}`, without a token; a pipe gets scopes and end. Throws UsageError CHALLENGE_UNKNOWN, CHALLENGE_AMBIGUOUS, FLAG_INVALID;
 * RefusedError CHALLENGE_DISCARDED, CHALLENGE_OVER; SessionError NOT_LOGGED_IN, SESSION_OVER; UnreachableError TIMED_OUT, InterruptedError.
 */
export async function run(context: Context, options: Options): Promise<void> {
  const { terminal, system } = context;
  const limit = options.for === undefined ? undefined : system.now() + limitOf(options.for) * 1000;
  const provider = await context.provider();
  const challengeId = options.id ?? (await chooseChallenge(provider, undefined, 'id')).challengeId;
  const ended = await terminal.progress('Waiting for somebody to answer', () =>
    endOf(context, provider, challengeId, limit),
  );
  const { outcome, scopes, serviceCode, endedAt, grant } = ended;
  if (outcome !== 'granted' || !grant) throw notGranted(outcome, scopes, serviceCode);
  const { challengeId: _id, ...facts } = grant;
  terminal.result(
    { challengeId, outcome, endedAt, grant: facts },
    () => terminal.out.good(grantInWords(grant, system.now())),
    () => `${grant.scopes.join(' ')}\t${grant.expiresAt}`,
  );
  const flags = grant.scopes.map((scope) => `--scope ${scope}`).join(' ');
  terminal.note(`Get its token with: stepup token ${flags}`);
}

async function endOf(
  { system }: Context,
  provider: Provider,
  challengeId: string,
  limit: number | undefined,
): Promise<EndedChallenge> {
  const before = await provider.session();
  let scopes: string[] | undefined;
  for (;;) {
    const found = await stateOf(provider, challengeId, scopes !== undefined);
    if (found?.state === 'ended') return found.ended;
    const now = system.now();
    if (!found) throw await gone(provider, challengeId, before?.sessionId, scopes);
    const { scopeRequested, expiresAt } = found.challenge;
    scopes = scopeRequested.split(' ');
    if (now >= Date.parse(expiresAt) + GRACE_MS) return { challengeId, scopes, outcome: 'over', endedAt: expiresAt };
    if (limit !== undefined && now >= limit) throw tooLong(challengeId);
    await system.sleep(Math.min(LOOK_MS, Math.max(1, (limit ?? Infinity) - now)), system.signal);
  }
}

/** A login that ends while we wait is over; before that nobody was logged in. */
async function stateOf(
  provider: Provider,
  challengeId: string,
  waiting: boolean,
): ReturnType<Provider['challengeState']> {
  try {
    return await provider.challengeState(challengeId);
  } catch (error) {
    if (waiting && error instanceof SessionError && error.code === 'NOT_LOGGED_IN') throw sessionEnded();
    throw error;
  }
}

/** The challenge is neither open nor remembered: another login has replaced its session, or an older version has ended it. */
async function gone(
  provider: Provider,
  challengeId: string,
  sessionId: string | undefined,
  scopes: string[] | undefined,
): Promise<StepupError> {
  if (scopes === undefined) {
    return new UsageError('CHALLENGE_UNKNOWN', `No challenge of this session has the id "${challengeId}".`, {
      field: 'id',
      hint: 'See the open ones with: stepup challenge list',
    });
  }
  if ((await provider.session())?.sessionId !== sessionId) return sessionEnded();
  return notGranted('refused', scopes, undefined);
}

function sessionEnded(): SessionError {
  return new SessionError(
    'SESSION_OVER',
    'The session has ended while its challenge was open: a logout, or another login.',
    {
      hint: 'Log in again with: stepup login',
    },
  );
}

function notGranted(
  outcome: EndedChallenge['outcome'],
  scopes: readonly string[],
  serviceCode: string | undefined,
): RefusedError {
  const scope = scopes.join(' ') || 'SCOPE';
  const hint = `Ask again with: stepup request ${scope}`;
  if (outcome === 'discarded') {
    return new RefusedError('CHALLENGE_DISCARDED', `The challenge for ${scope} was discarded: nobody will answer it.`, {
      hint,
    });
  }
  const words =
    outcome === 'over'
      ? `Nobody has answered the challenge for ${scope} in time.`
      : `The challenge for ${scope} has ended without a grant.`;
  return new RefusedError('CHALLENGE_OVER', words, { hint, serviceCode });
}

function tooLong(challengeId: string): UnreachableError {
  return new UnreachableError('TIMED_OUT', 'Nobody has answered yet; the challenge is still open.', {
    hint: `Wait on with: stepup challenge wait ${challengeId}`,
  });
}

function limitOf(text: string): number {
  const seconds = parseDuration(text, '--for');
  if (seconds >= 0) return seconds;
  throw new UsageError('FLAG_INVALID', `--for takes a time that is not below zero, not "${text}".`, { field: '--for' });
}
