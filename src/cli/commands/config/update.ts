import type { Command } from 'commander';
import { UsageError } from '../../../errors.js';
import { managementKeyOf, type Context } from '../../context.js';
import type { Handle } from '../../tree.js';
import { requireConfig } from '../../stepup-config.js';
import { differences, inWords } from './differences.js';
import { readDocument, refuseUnknown } from './document.js';
import { addConfigFlags, parseConfigFlags, type ConfigFlags } from './flags.js';
import { merge } from './merge.js';

export type Options = ConfigFlags;

export function define(command: Command, handle: Handle): void {
  addConfigFlags(command)
    .addHelpText(
      'after',
      `
Flags change what they name, and nothing else. A new hook takes the place of the default one in every scope that is
delegated to it, and the jwks_url beside that one follows. --file replaces the whole.

Examples:
  $ stepup config update --hook-url https://api.example.com/hooks/stepup
  $ stepup config update --step-key kyc_review="manual KYC"
  $ stepup config update --file stepup.json
`,
    )
    .action(handle((context, options: Options) => run(context, options)));
}

/**
 * Reads the configuration, changes it and writes it whole. Throws UsageError (USAGE without a flag, FLAG_CONFLICT, FLAG_INVALID,
 * URL_INVALID, DOCUMENT_INVALID), RefusedError CONFIG_MISSING.
 */
export async function run(context: Context, options: Options): Promise<void> {
  const { terminal, store, system } = context;
  const wanted = parseConfigFlags(options);
  const { hookUrl, jwksUrl, stepKeys } = wanted;
  if (options.file === undefined && hookUrl === undefined && jwksUrl === undefined && stepKeys.length === 0) {
    throw new UsageError('USAGE', 'Nothing was given to change.', {
      hint: 'Give --hook-url, --jwks-url, --step-key, or the whole with --file.',
    });
  }
  const document = options.file === undefined ? undefined : await readDocument(system, options.file);
  const { config: stored, keptHook, defaultHook } = await requireConfig(context);
  if (document) refuseUnknown(document, stored);

  const merged = merge(stored, wanted, defaultHook);
  const next = document?.config ?? merged.config;
  const changes = differences(stored, next);
  const management = await context.management();
  const config =
    changes.length === 0
      ? stored
      : await terminal.progress('Writing the configuration', () => management.replaceStepUpConfig(next));
  if (hookUrl !== undefined) await store.saveHookUrl(managementKeyOf(await context.preludeTarget()), hookUrl);

  const hook = hookUrl ?? keptHook;
  const newDefault = hookUrl !== undefined && hookUrl !== keptHook;
  const changed = changes.length > 0 || newDefault;
  terminal.result({ changed, ...(hook === undefined ? {} : { hookUrl: hook }), config }, () =>
    changed
      ? [
          'The step-up configuration is changed:',
          ...(newDefault ? [inWords({ field: 'default hook', before: keptHook, after: hookUrl })] : []),
          ...changes.map(inWords),
        ].join('\n')
      : 'There is nothing to change: the configuration is so already.',
  );
  if (merged.jwksFollowed && changes.some(({ field }) => field === 'jwks_url')) {
    terminal.note(`jwks_url follows the hook: ${config.jwks_url}. --jwks-url names another.`);
  }
}
