import type { Command } from 'commander';
import { RefusedError, UsageError } from '../../errors.js';
import type { Method } from '../../providers/provider.js';
import { createCodeSource } from '../codes.js';
import { collect } from '../collect.js';
import type { Context } from '../context.js';
import { refuseAnswers, startDetached } from '../detached.js';
import { addStepUpFlags, type StepUpFlags } from '../elevate.js';
import { tellingWhy } from '../hook-failure.js';
import { proofOf, readAssertion } from '../proof-flags.js';
import type { Handle } from '../tree.js';
import { createVerificationSource } from '../verification.js';
import { walkChallenge, type Answers } from '../walk.js';

export interface Options extends StepUpFlags {
  scopes: string[];
  /** Entries of `--metadata`, each `key=value`. */
  metadata?: string[] | undefined;
  /** Leaves the challenge to somebody else. */
  detach?: boolean | undefined;
}

export function define(command: Command, handle: Handle): void {
  command
    .argument('<scope...>', 'the scope, e.g. transfer:write')
    .option(
      '--metadata <key=value>',
      'Prelude: facts for the hook, e.g. amount=500; more may follow, or repeat it',
      collect,
    )
    .option('--detach', 'only start it, for somebody else to answer, who is shown the metadata too');
  addStepUpFlags(command)
    .addHelpText(
      'after',
      `
Examples:
  $ stepup request transfer:write --metadata amount=500 currency=EUR
  $ stepup request wallet:export --method totp
  $ ID=$(stepup request transfer:write --metadata amount=500 payee=Acme --detach)
`,
    )
    .action(
      handle((context, words: string[], flags: Omit<Options, 'scopes'>) =>
        run(context, { ...flags, ...sortOut(words, flags.metadata) }),
      ),
    );
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
 * Asks for scopes and walks every step; with `--detach` none of them, see `startDetached`. Throws UsageError (SCOPE_INVALID, SCOPE_COUNT, METADATA_INVALID, FLAG_CONFLICT, FLAG_INVALID,
 * STEP_UNSUPPORTED, COMMAND_UNSUPPORTED, CREDENTIAL_UNKNOWN, ASSERTION_INVALID), SessionError, RefusedError, InputNeededError,
 * UnreachableError and InterruptedError.
 */
export async function run(context: Context, options: Options): Promise<void> {
  if (options.detach) refuseAnswers(options);
  const answers = answersOf(context, options);
  const metadata = options.metadata && parsePairs(options.metadata);
  const way = proofOf(options);
  const provider = await context.provider();
  const assertion = await readAssertion(context, options);
  const how = { metadata, assertion, ...way };
  if (options.detach) return startDetached(context, options.scopes, how);
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
