import type { Command } from 'commander';
import { UsageError } from '../../errors.js';
import { decodeToken, tokenInWords } from '../claims.js';
import type { Context } from '../context.js';
import type { Handle } from '../program.js';
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
  if (source !== undefined) return show(context, await givenToken(context, source), source);
  const provider = await context.provider();
  const { token, expiresAt } = await context.terminal.progress('Getting the token', () => provider.accessToken());
  if (decode) return show(context, token, 'token');
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

async function show({ terminal, system }: Context, token: string, field: string): Promise<void> {
  const decoded = await decodeToken(token, field);
  terminal.result(decoded, (value) => tokenInWords(value, system.now(), terminal.out.mark));
}
