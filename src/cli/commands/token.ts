import type { Command } from 'commander';
import { withoutIdleHints, type Case } from '../../backend/case.js';
import { InterruptedError, UsageError } from '../../errors.js';
import type { ApiCredentials, Provider } from '../../providers/provider.js';
import { decodeToken, tokenInWords, type DecodedToken } from '../claims.js';
import { collect } from '../collect.js';
import type { Context } from '../context.js';
import { addStepUpFlags, credentialsHolding, stepUpSource, type StepUpFlags } from '../elevate.js';
import { readSecret } from '../secrets.js';
import { printable } from '../terminal/printable.js';
import type { Handle } from '../tree.js';

export interface Options extends StepUpFlags {
  /** A token, or `-` that reads it from standard input; without it, the session's own. */
  source?: string | undefined;
  decode?: boolean | undefined;
  verify?: boolean | undefined;
  scope?: string[] | undefined;
}

export function define(command: Command, handle: Handle): void {
  command
    .argument('[token]', 'a token to look into, - for standard input; without it, the session’s own')
    .option(
      '--scope <scope>',
      'a token that holds the scope, by stepping up where none is held; may be repeated',
      collect,
    )
    .option('--decode', 'show header and claims instead of the token')
    .option('--verify', 'check it against the keys of the service; status 3 where a check fails');
  addStepUpFlags(command)
    .addHelpText(
      'after',
      `
At Dynamic the token of --scope is the elevated one, which goes beside the session's own; at Prelude it is an access token.
A token for a single use is printed once: it is handed out then, and no other command has it any more. --decode and --verify
only look at it. stepup request shows one, too, and leaves it to the next command.

What stands in an argument list can be read by others on this machine: pipe a token in that is still good.

Examples:
  $ stepup token --scope transfer:write --code-command ./read-code.sh
  $ stepup token --decode
  $ pbpaste | stepup token - --verify
`,
    )
    .action(handle((context, source: string | undefined, flags: Options) => run(context, { ...flags, source })));
}

/**
 * Prints a token, or what is in it. `--json`: `{"token","expiresAt"}`, with `--scope` also `scopes`, `singleUse` and `steppedUp`; to look
 * into one `{"header","claims"}`, with `--verify` also `verified` and `checks`. Answers with 3 when a check fails. Throws SessionError,
 * UnreachableError, UsageError (FLAG_CONFLICT, SCOPE_INVALID, DOCUMENT_INVALID for a token that is none), and with `--scope` what a
 * step-up throws.
 */
export async function run(context: Context, options: Options): Promise<number | void> {
  const { source, decode = false, verify = false, scope = [] } = options;
  if (source !== undefined) {
    if (scope.length > 0) {
      throw new UsageError('FLAG_CONFLICT', '--scope gets a token; it does not go with one that is given.', {
        field: '--scope',
      });
    }
    return look(context, await givenToken(context, source), { verify });
  }
  if (scope.length > 0) return ofScopes(context, [...new Set(scope)], options);
  const provider = await context.provider();
  const { token, expiresAt } = await context.terminal.progress('Getting the token', () => provider.accessToken());
  if (decode || verify) return look(context, token, { verify, expiresAt, thumbprint: await thumbprintOf(provider) });
  context.terminal.result({ token, expiresAt }, (value) => value.token);
}

/** A token that holds all of the scopes: from the grants while one lasts, otherwise by stepping up. */
async function ofScopes(context: Context, scopes: string[], options: Options): Promise<number | void> {
  const source = stepUpSource(context, options);
  try {
    const provider = await context.provider();
    const { credentials, steppedUp } = await credentialsHolding(context, provider, scopes, source);
    return await hand(context, provider, credentials, steppedUp, options);
  } finally {
    source.codes.close();
  }
}

async function hand(
  context: Context,
  provider: Provider,
  { accessToken, elevatedToken, expiresAt, scopes, singleUse, giveBack }: ApiCredentials,
  steppedUp: boolean,
  { decode, verify = false }: Options,
): Promise<number | void> {
  const { terminal, system } = context;
  const token = elevatedToken ?? accessToken;
  if (decode || verify) {
    await giveBack();
    // The end that is known here is the access token's, or the earlier of the two.
    const known = elevatedToken === undefined ? expiresAt : undefined;
    return look(context, token, { verify, expiresAt: known, thumbprint: await thumbprintOf(provider) });
  }
  terminal.result({ token, expiresAt, scopes, singleUse, steppedUp }, (value) => value.token);
  if (!singleUse) return;
  // What cannot be written shows a turn later: then nobody has it.
  await system.sleep(0);
  if (system.signal.aborted) {
    await giveBack();
    throw new InterruptedError();
  }
  terminal.note('This token is for a single use. It is handed out now, and not kept here any more.');
}

async function givenToken({ system, terminal }: Context, source: string): Promise<string> {
  if (source !== '-') terminal.warn('A token in the argument list can be read by others on this machine: pipe it in.');
  const text = source === '-' ? await readSecret(system, '-', 'token') : source.trim();
  return text.replace(/^(Bearer|DPoP)\s+/i, '');
}

async function thumbprintOf(provider: Provider): Promise<string | undefined> {
  return (await provider.session())?.thumbprint;
}

interface Look {
  verify: boolean;
  /** When it ends by our clock, where that is known: its own times are the service's. */
  expiresAt?: string | undefined;
  thumbprint?: string | undefined;
}

async function look(context: Context, token: string, { verify, expiresAt, thumbprint }: Look): Promise<number | void> {
  const { terminal, system } = context;
  const decoded = await decodeToken(token, 'token');
  const { mark } = terminal.out;
  if (!verify) {
    const now = system.now() + aheadOf(decoded, expiresAt);
    return terminal.result(decoded, (value) => tokenInWords(value, { now, mark, thumbprint }));
  }
  const { publishedIssuer } = await import('../token-issuer.js');
  const { checkToken } = await import('../../resource/token-check.js');
  const issuer = await terminal.progress('Reading the keys', () => publishedIssuer(context));
  const checks = withoutIdleHints(await checkToken(token, decoded.claims, issuer, issuer.now));
  const verified = checks.every(({ holds }) => holds);
  terminal.result({ ...decoded, verified, checks }, (value) =>
    [tokenInWords(value, { now: issuer.now, mark, thumbprint }), '', ...checksInWords(context, checks)].join('\n'),
  );
  return verified ? 0 : 3;
}

/** Milliseconds by which the service's clock is ahead of ours, as its token and our own knowledge of it show. */
function aheadOf({ claims: { exp } }: DecodedToken, expiresAt: string | undefined): number {
  return typeof exp === 'number' && expiresAt !== undefined ? exp * 1000 - Date.parse(expiresAt) : 0;
}

function checksInWords({ terminal }: Context, checks: Case[]): string[] {
  const { good, bad } = terminal.out;
  return [
    'Checks',
    ...checks.flatMap(({ name, holds, expected, got, hint }) => {
      const line = `  ${holds ? good('holds') : bad('fails')}  ${name.padEnd(9)}  `;
      if (holds) return [`${line}${printable(got)}`];
      return [`${line}expected ${printable(expected)}, got ${printable(got)}`, ...(hint ? [`         ${hint}`] : [])];
    }),
  ];
}
