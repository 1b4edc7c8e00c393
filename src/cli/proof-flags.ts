/** The flags that say how a scope is to be proved, where there are several ways. */
import type { Command } from 'commander';
import { UsageError } from '../errors.js';
import { METHODS, type Method, type RequestOptions } from '../providers/provider.js';
import type { Context } from './context.js';
import { printedBy, readSecret } from './secrets.js';

export interface ProofFlags {
  method?: string | undefined;
  credential?: string | undefined;
  wallet?: string | undefined;
  device?: string | undefined;
  /** File of the assertion, or `-`. */
  assertion?: string | undefined;
  assertionCommand?: string | undefined;
}

/** Adds `--method`, `--credential`, `--wallet`, `--device`, `--assertion` and `--assertion-command` to a command. */
export function addProofFlags(command: Command): Command {
  return command
    .option('--method <name>', `Dynamic: how to prove it: ${METHODS.join(', ')}`)
    .option('--credential <id>', 'Dynamic: the credential, device or passkey to prove it with')
    .option('--wallet <name>', 'Dynamic: the wallet to sign with')
    .option('--device <id>', 'Dynamic: the authenticator app to take the code from')
    .option(
      '--assertion <file>',
      'Dynamic: a token of your own backend that vouches for the user; - for standard input',
    )
    .option('--assertion-command <command>', 'Dynamic: a shell command that prints such a token');
}

/**
 * What the flags say of the way. `--wallet` and `--device` name their method by themselves. Throws UsageError FLAG_CONFLICT and
 * FLAG_INVALID.
 */
export function proofOf({
  method,
  credential,
  wallet,
  device,
  assertion,
  assertionCommand,
  code,
  codeCommand,
}: ProofFlags & { code?: string[] | undefined; codeCommand?: string | undefined }): Pick<
  RequestOptions,
  'method' | 'using'
> {
  const named = parseMethod(method);
  const given = Object.entries({
    '--credential': credential,
    '--wallet': wallet,
    '--device': device,
    '--assertion': assertion,
    '--assertion-command': assertionCommand,
  }).flatMap(([flag, value]) => (value === undefined ? [] : [flag]));
  if (given.length > 1) throw conflict(given[1]!, given[0]!);
  const implied = wallet === undefined ? (device === undefined ? undefined : 'totp') : 'wallet';
  if (named !== undefined && implied !== undefined && named !== implied) throw conflict(given[0]!, `--method ${named}`);
  if (named !== undefined && given[0]?.startsWith('--assertion')) throw conflict(given[0], '--method');
  if (given[0]?.startsWith('--assertion') && (code ?? codeCommand) !== undefined) throw conflict(given[0], '--code');
  return { method: named ?? implied, using: credential ?? wallet ?? device };
}

/** The token of the developer's backend, from a file, standard input or a command: never from the argument list. */
export async function readAssertion(
  { system }: Pick<Context, 'system'>,
  { assertion, assertionCommand }: ProofFlags,
): Promise<string | undefined> {
  if (assertion !== undefined) return readSecret(system, assertion, '--assertion');
  if (assertionCommand === undefined) return undefined;
  return printedBy(system, assertionCommand, '--assertion-command');
}

function conflict(flag: string, other: string): UsageError {
  return new UsageError('FLAG_CONFLICT', `${flag} and ${other} cannot be used together.`, { field: flag });
}

function parseMethod(text: string | undefined): Method | undefined {
  const found = METHODS.find((each) => each === text);
  if (text === undefined || found) return found;
  throw new UsageError('FLAG_INVALID', `--method takes ${METHODS.join(', ')}, not "${text}".`, { field: '--method' });
}
