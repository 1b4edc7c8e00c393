/** A grant as a command's result, and in words. */
import type { Grant } from '../providers/provider.js';
import type { Context } from './context.js';
import { timeLeft } from '../durations.js';

/** How a bound grant goes on after the token that shows it. Its own end is in no token. */
const RENEWED: Record<string, string> = {
  'session-bound': "then renewed with the session's token while the grant lasts",
  'profile-bound': "then renewed with the user's token, of any session, while the grant lasts",
};

/** What is known of how a scope is held. */
interface Held {
  expiresAt?: string | undefined;
  singleUse?: boolean | undefined;
  mode?: string | undefined;
}

/**
 * Until when a grant holds, in words: the end of the token that has it, how it goes on, and its mode. Empty when nothing is known.
 * `now` is in milliseconds.
 */
export function heldInWords({ expiresAt, singleUse, mode = '' }: Held, now: number): string {
  const renewed = Object.hasOwn(RENEWED, mode) ? RENEWED[mode] : undefined;
  const left = expiresAt === undefined ? [] : [timeLeft(expiresAt, now), ...(renewed === undefined ? [] : [renewed])];
  return [
    ...(expiresAt === undefined ? [] : [`until ${expiresAt} (${left.join(', ')})`]),
    ...(renewed === undefined ? [] : [mode]),
    ...(singleUse || mode === 'single-use' ? ['for a single use'] : []),
  ].join(', ');
}

/** A grant in one line of words, without its token. `now` is in milliseconds. */
export function grantInWords(grant: Omit<Grant, 'token'>, now: number): string {
  const parts = [
    `Granted ${grant.scopes.join(' ')} ${heldInWords(grant, now)}`,
    grant.factors.length > 0 ? `proved by ${grant.factors.join(', ')}` : undefined,
  ];
  return `${parts.filter((part) => part !== undefined).join(', ')}.`;
}

/** Prints a grant: with `--json` the object around it, on a terminal its words and its token, in a pipe the bare token. */
export function showGrant<T extends { grant: Grant }>({ terminal, system }: Context, value: T): void {
  terminal.result(
    value,
    ({ grant }) => `${terminal.out.good(grantInWords(grant, system.now()))}\n${grant.token}`,
    ({ grant }) => grant.token,
  );
}
