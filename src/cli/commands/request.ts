import type { Command } from 'commander';
import { UsageError } from '../../errors.js';
import { addCodeFlags, createCodeSource, type CodeFlags } from '../codes.js';
import type { Context } from '../context.js';
import { tellingWhy } from '../hook-failure.js';
import type { Handle } from '../program.js';
import { walkChallenge } from '../walk.js';

export interface Options extends CodeFlags {
  scopes: string[];
  /** Entries of `--metadata`, each `key=value`. */
  metadata?: string[] | undefined;
}

export function define(command: Command, handle: Handle): void {
  command
    .argument('<scope...>', 'the scope, e.g. transfer:write')
    .option('--metadata <key=value>', 'facts for the hook, e.g. amount=500; more may follow, or repeat it', collect);
  addCodeFlags(command)
    .addHelpText(
      'after',
      `
Examples:
  $ stepup request transfer:write
  $ stepup request transfer:write --metadata amount=500 currency=EUR
  $ TOKEN=$(stepup request transfer:write --code-command ./read-code.sh)
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
 * Asks for a scope and walks every step. Throws UsageError (SCOPE_INVALID, SCOPE_COUNT, METADATA_INVALID, FLAG_CONFLICT,
 * STEP_UNSUPPORTED), SessionError, RefusedError, InputNeededError, UnreachableError and InterruptedError.
 */
export async function run(context: Context, options: Options): Promise<void> {
  const source = createCodeSource(context, options);
  const metadata = options.metadata && parsePairs(options.metadata);
  const provider = await context.provider();
  await tellingWhy(context, () => walkChallenge(context, provider.request(options.scopes, { metadata }), source));
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
