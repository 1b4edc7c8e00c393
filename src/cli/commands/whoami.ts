import type { Command } from 'commander';
import { SessionError } from '../../errors.js';
import { decodeToken, scopesOf } from '../claims.js';
import type { Context } from '../context.js';
import { heldInWords } from '../grants.js';
import { printable } from '../terminal/printable.js';
import type { Handle } from '../tree.js';

export function define(command: Command, handle: Handle): void {
  command
    .addHelpText(
      'after',
      `
Examples:
  $ stepup whoami
  $ stepup whoami --json
`,
    )
    .action(handle((context) => run(context)));
}

/**
 * Shows who is logged in, what the access token may do and what the grants hold. Refreshes the session when the token is
 * about to end, so an answer means that the session is good. Throws SessionError, UnreachableError.
 */
export async function run(context: Context): Promise<void> {
  const { terminal, system } = context;
  const provider = await context.provider();
  if (!(await provider.session())) throw new SessionError('NOT_LOGGED_IN', 'Nobody is logged in.');
  const { token } = await terminal.progress('Looking at the session', () => provider.accessToken());
  const session = await provider.session();
  if (!session) throw new SessionError('SESSION_OVER', 'The session has just ended.');
  const { claims } = await decodeToken(token, 'the access token');
  const grants = (await provider.grants()).map(({ scopes, expiresAt, singleUse, mode }) => ({
    scopes,
    expiresAt,
    singleUse,
    mode,
  }));
  const identifier = session.identifier === undefined ? '' : ` (${printable(session.identifier)})`;
  const result = { session, scopes: scopesOf(claims), grants };
  terminal.result(
    result,
    ({ scopes }) =>
      [
        `${terminal.out.bold(printable(session.userId))}${identifier}`,
        `  application  ${session.application} at ${session.host}`,
        `  session      ${printable(session.sessionId)}`,
        `  scopes       ${scopes.length > 0 ? printable(scopes.join(' ')) : 'none'}`,
        ...grants.map(
          (grant) => `  grant        ${printable(grant.scopes.join(' '))} ${heldInWords(grant, system.now())}`,
        ),
      ].join('\n'),
    () => printable(session.userId),
  );
}
