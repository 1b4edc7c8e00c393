/** A grant as a command's result. */
import type { Grant } from '../providers/provider.js';
import type { Context } from './context.js';
import { timeLeft } from './durations.js';

/** A grant in one line of words, without its token. `now` is in milliseconds. */
function grantInWords(grant: Grant, now: number): string {
  const parts = [
    `Granted ${grant.scopes.join(' ')} until ${grant.expiresAt} (${timeLeft(grant.expiresAt, now)})`,
    grant.singleUse ? 'for a single use' : undefined,
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
