import type { Command } from 'commander';
import { RefusedError, UsageError } from '../../errors.js';
import { METHODS, type Method, type RequestOptions } from '../../providers/provider.js';
import { addCodeFlags, createCodeSource, type CodeFlags } from '../codes.js';
import type { Context } from '../context.js';
import { tellingWhy } from '../hook-failure.js';
import { printedBy, readSecret } from '../secrets.js';
import type { Handle } from '../tree.js';
import { addVerificationFlags, createVerificationSource, type VerificationFlags } from '../verification.js';
import { walkChallenge, type Answers } from '../walk.js';

export interface Options extends CodeFlags, VerificationFlags {
  scopes: string[];
  /** Entries of `--metadata`, each `key=value`. */
  metadata?: string[] | undefined;
  method?: string | undefined;
  credential?: string | undefined;
  wallet?: string | undefined;
  device?: string | undefined;
  /** File of the assertion, or `-`. */
  assertion?: string | undefined;
  assertionCommand?: string | undefined;
}

export function define(command: Command, handle: Handle): void {
  command
    .argument('<scope...>', 'the scope, e.g. transfer:write')
    .option(
      '--metadata <key=value>',
      'Prelude: facts for the hook, e.g. amount=500; more may follow, or repeat it',
      collect,
    )
    .option('--method <name>', `Dynamic: how to prove it: ${METHODS.join(', ')}`)
    .option('--credential <id>', 'Dynamic: the credential, device or passkey to prove it with')
    .option('--wallet <name>', 'Dynamic: the wallet to sign with')
    .option('--device <id>', 'Dynamic: the authenticator app to take the code from')
    .option(
      '--assertion <file>',
      'Dynamic: a token of your own backend that vouches for the user; - for standard input',
    )
    .option('--assertion-command <command>', 'Dynamic: a shell command that prints such a token');
  addVerificationFlags(addCodeFlags(command))
    .addHelpText(
      'after',
      `
Examples:
  $ stepup request transfer:write --metadata amount=500 currency=EUR
  $ TOKEN=$(stepup request transfer:write --code-command ./read-code.sh)
  $ stepup request wallet:export --method totp
`,
    )
    .action(
      handle((context, words: string[], flags: Omit<Options, 'scopes'>) =>
        run(context, { ...flags, ...sortOut(words, flags.metadata) }),
      ),
    );
}

function collect(value: string, all: string[] = []): string[] {
  return [...all, value];
}

/** `--metadata a=1 b=2`: no scope has a `=`, so a word that has one after `--metadata` is a pair, wherever the scope stands. */
function sortOut(words: string[], metadata: string[] | undefined): Pick<Options, 'scopes' | 'metadata'> {
  if (metadata === undefined) return { scopes: words };
  return {
    scopes: words.filter((word) => !word.includes('=')),
    metadata: [...metadata, ...words.filter((word) => word.includes('='))],
  };
}

/**
 * Asks for scopes and walks every step. Throws UsageError (SCOPE_INVALID, SCOPE_COUNT, METADATA_INVALID, FLAG_CONFLICT, FLAG_INVALID,
 * STEP_UNSUPPORTED, COMMAND_UNSUPPORTED, CREDENTIAL_UNKNOWN, ASSERTION_INVALID), SessionError, RefusedError, InputNeededError,
 * UnreachableError and InterruptedError.
 */
export async function run(context: Context, options: Options): Promise<void> {
  const answers = answersOf(context, options);
  const metadata = options.metadata && parsePairs(options.metadata);
  const way = wayOf(options);
  const provider = await context.provider();
  const assertion = await readAssertion(context, options);
  const how = { metadata, assertion, ...way };
  try {
    await tellingWhy(context, () => walkChallenge(context, provider.request(options.scopes, how), answers));
  } catch (error) {
    if (!(await enrolsInstead(context, error, way.method))) throw error;
    await walkChallenge(context, provider.request(options.scopes, how), answersOf(context, options));
  }
}

function answersOf(context: Context, options: Options): Answers {
  return {
    codes: createCodeSource(context, options),
    verification: createVerificationSource(context, options),
  };
}

/** The flags that say how to prove it. `--wallet` and `--device` name their method by themselves. */
function wayOf({
  method,
  credential,
  wallet,
  device,
  assertion,
  assertionCommand,
  code,
  codeCommand,
}: Options): Pick<RequestOptions, 'method' | 'using'> {
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

function conflict(flag: string, other: string): UsageError {
  return new UsageError('FLAG_CONFLICT', `${flag} and ${other} cannot be used together.`, { field: flag });
}

function parseMethod(text: string | undefined): Method | undefined {
  const found = METHODS.find((each) => each === text);
  if (text === undefined || found) return found;
  throw new UsageError('FLAG_INVALID', `--method takes ${METHODS.join(', ')}, not "${text}".`, { field: '--method' });
}

/** The token of the developer's backend, from a file, standard input or a command: never from the argument list. */
async function readAssertion(
  { system }: Context,
  { assertion, assertionCommand }: Options,
): Promise<string | undefined> {
  if (assertion !== undefined) return readSecret(system, assertion, '--assertion');
  if (assertionCommand === undefined) return undefined;
  return printedBy(system, assertionCommand, '--assertion-command');
}

/** Somebody who wants MFA and has none can enrol it now. False when they do not, or cannot be asked. */
async function enrolsInstead(context: Context, error: unknown, method: Method | undefined): Promise<boolean> {
  const { terminal } = context;
  const missing = error instanceof RefusedError && error.code === 'NO_METHOD' && method === 'mfa';
  if (!missing || !terminal.interactive || terminal.json) return false;
  terminal.note(error.message);
  if (!(await terminal.confirm('Enrol an authenticator app now?', '--method', true))) return false;
  const { run: enrol } = await import('./mfa/add.js');
  await enrol(context, {});
  return true;
}

function parsePairs(pairs: string[]): Record<string, string> {
  const metadata = new Map<string, string>();
  for (const pair of pairs) {
    const at = pair.indexOf('=');
    const key = pair.slice(0, Math.max(at, 0));
    if (key === '') {
      throw new UsageError('METADATA_INVALID', `--metadata takes key=value, not "${pair}".`, {
        field: '--metadata',
        hint: 'For example: --metadata amount=500',
      });
    }
    if (metadata.has(key)) {
      throw new UsageError('METADATA_INVALID', `The metadata key "${key}" is given twice.`, {
        field: `metadata.${key}`,
      });
    }
    metadata.set(key, pair.slice(at + 1));
  }
  return Object.fromEntries(metadata);
}
