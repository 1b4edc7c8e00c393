import type { Command } from 'commander';
import { SessionError } from '../../errors.js';
import type { Grant } from '../../providers/provider.js';
import type { Context } from '../context.js';
import { timeLeft } from '../durations.js';
import { heldInWords } from '../grants.js';
import { printable } from '../terminal/printable.js';
import type { Handle } from '../tree.js';

export function define(command: Command, handle: Handle): void {
  command
    .addHelpText(
      'after',
      `
Looks at what is kept here, and asks no service.

Examples:
  $ stepup status
  $ stepup status --json
`,
    )
    .action(handle((context) => run(context)));
}

/**
 * Shows who is logged in, which scopes are held by which proof and for how long, and what is under way. Throws SessionError
 * NOT_LOGGED_IN, FailedError (store).
 */
export async function run(context: Context): Promise<void> {
  const { terminal, system } = context;
  const provider = await context.provider();
  const session = await provider.session();
  if (!session) throw new SessionError('NOT_LOGGED_IN', 'Nobody is logged in.');
  const now = system.now();
  const grants = (await provider.grants()).map((grant) => shown(grant, now));
  const challenges = await provider.challenges();
  terminal.result({ session, grants, challenges }, () => {
    const { userId, identifier, application, host, sessionId, accessTokenExpiresAt: until } = session;
    return [
      `${terminal.out.bold(printable(userId))}${identifier === undefined ? '' : ` (${printable(identifier)})`}`,
      `  service      ${provider.name === 'dynamic' ? 'Dynamic' : 'Prelude'}`,
      `  application  ${application} at ${host}`,
      `  session      ${printable(sessionId)}`,
      ...(until === undefined ? [] : [`  token        until ${until} (${timeLeft(until, now)})`]),
      grants.length === 0 ? 'No scope is held by a grant.' : 'Held by a grant:',
      ...grants.map((grant) => `  ${terminal.out.good(printable(grant.scopes.join(' ')))}  ${inWords(grant, now)}`),
      ...(provider.name === 'prelude' && until !== undefined && Date.parse(until) <= now
        ? ['The token is over: what a bound grant still holds shows with the next one (stepup check SCOPE renews it).']
        : []),
      ...(challenges.length === 0 ? [] : ['Under way:']),
      ...challenges.map(({ challengeId, scopeRequested, currentStep }) =>
        printable(`  ${challengeId}  ${scopeRequested || '(no scope yet)'}  ${currentStep}`),
      ),
    ].join('\n');
  });
}

/** A grant without its token. */
type ShownGrant = Pick<Grant, 'scopes' | 'expiresAt' | 'singleUse' | 'mode' | 'factors'> & { secondsLeft: number };

function shown({ scopes, expiresAt, singleUse, mode, factors }: Grant, now: number): ShownGrant {
  const secondsLeft = Math.max(0, Math.round((Date.parse(expiresAt) - now) / 1000));
  return { scopes, expiresAt, secondsLeft, singleUse, mode, factors };
}

function inWords(grant: ShownGrant, now: number): string {
  const { factors } = grant;
  const parts = [heldInWords(grant, now), ...(factors.length === 0 ? [] : [`proved by ${factors.join(', ')}`])];
  return printable(parts.join(', '));
}
