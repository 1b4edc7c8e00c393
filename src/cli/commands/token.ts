import type { Command } from 'commander';
import { UsageError } from '../../errors.js';
import { decodeToken, tokenInWords } from '../claims.js';
import type { Context } from '../context.js';
import type { Handle } from '../tree.js';
import { readSecret } from '../secrets.js';

export interface Options {
  /** `-` reads the token from standard input; without it, the session's own. */
  source?: string | undefined;
  decode?: boolean | undefined;
}

export function define(command: Command, handle: Handle): void {
  command
    .argument('[token]', '- looks into a token from standard input; without it, the session’s own')
    .option('--decode', 'show header and claims instead of the token')
    .addHelpText(
      'after',
      `
Examples:
  $ stepup token
  $ stepup token --decode
  $ pbpaste | stepup token -
`,
    )
    .action(
      handle((context, source: string | undefined, flags: Options) => run(context, { source, decode: flags.decode })),
    );
}

/**
 * Prints the access token, refreshed when it has to be, or what is in it. Throws SessionError, UnreachableError, and
 * UsageError for a token that is none or that stands in the argument list.
 */
export async function run(context: Context, { source, decode }: Options): Promise<void> {
  if (source !== undefined) return show(context, await givenToken(context, source), context.system.now());
  const provider = await context.provider();
  const { token, expiresAt } = await context.terminal.progress('Getting the token', () => provider.accessToken());
  // The token's own times are the service's; when it ends is known by our clock, whatever that shows.
  if (decode) return show(context, token, context.system.now(), expiresAt);
  context.terminal.result({ token, expiresAt }, (value) => value.token);
}

async function givenToken({ system }: Context, source: string): Promise<string> {
  if (source !== '-') {
    throw new UsageError('FLAG_INVALID', 'A token in the argument list can be read by others on this machine.', {
      field: 'token',
      hint: 'Pipe it in: stepup token - < FILE',
    });
  }
  return (await readSecret(system, '-', 'token')).replace(/^Bearer\s+/i, '');
}

async function show({ terminal }: Context, token: string, now: number, expiresAt?: string): Promise<void> {
  const decoded = await decodeToken(token, 'token');
  const { exp } = decoded.claims;
  const ahead = typeof exp === 'number' && expiresAt !== undefined ? exp * 1000 - Date.parse(expiresAt) : 0;
  terminal.result(decoded, (value) => tokenInWords(value, now + ahead, terminal.out.mark));
}
