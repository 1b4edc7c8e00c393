import type { Command } from 'commander';
import { InputNeededError, RefusedError, UsageError } from '../../../errors.js';
import type { StepUpConfig } from '../../../providers/prelude/config.js';
import { callbackProblem, callbackUrl, jwksUrlBeside } from '../../../target/addresses.js';
import { managementKeyOf, type Context } from '../../context.js';
import type { Handle } from '../../tree.js';
import { firstHook } from '../../stepup-config.js';
import { describeConfig } from './describe.js';
import { differences, inWords } from './differences.js';
import { readDocument, refuseUnknown } from './document.js';
import { addConfigFlags, parseConfigFlags, type ConfigFlags, type Wanted } from './flags.js';
import { merge } from './merge.js';

export interface Options extends ConfigFlags {
  /** False with `--no-hook`. */
  hook?: boolean | undefined;
}

export function define(command: Command, handle: Handle): void {
  addConfigFlags(command)
    .option('--no-hook', 'no hook: every scope is to have a stored verdict (scope add --mode direct)')
    .addHelpText(
      'after',
      `
An application has one configuration. Where there is one already, nothing is changed, and what differs is shown.

Examples:
  $ stepup config create --hook-url https://api.example.com/hooks/stepup
  $ stepup config create --no-hook --step-key kyc_review="manual KYC"
  $ stepup config create --file stepup.json
`,
    )
    .action(handle((context, options: Options) => run(context, options)));
}

/**
 * Makes the step-up configuration; done already when the stored one has what was given. Throws RefusedError CONFIG_EXISTS when it
 * has not, UsageError (FLAG_CONFLICT, FLAG_INVALID, URL_INVALID, DOCUMENT_INVALID), InputNeededError.
 */
export async function run(context: Context, options: Options): Promise<void> {
  const { terminal, store, system } = context;
  if (options.hook === false && options.hookUrl !== undefined) {
    throw new UsageError('FLAG_CONFLICT', '--hook-url and --no-hook cannot be used together.', { field: '--no-hook' });
  }
  const given = parseConfigFlags(options);
  const document = options.file === undefined ? undefined : await readDocument(system, options.file);
  const target = await context.preludeTarget();
  const own = managementKeyOf(target);
  // Without a hook there is none to go on with.
  if (options.hook === false && !document) await store.saveHookUrl(own, undefined);
  const wanted = document ? given : await withHook(context, given, options, await store.hookUrl(own));
  const management = await context.management();
  const stored = await terminal.progress('Reading the configuration', () => management.stepUpConfig());
  if (document) refuseUnknown(document, stored);

  const next = document?.config ?? wantedConfig(stored, wanted, await store.hookUrl(own));
  if (stored) refuseDifference(context, target.appId, stored, next);
  const config = stored ?? (await terminal.progress('Writing', () => management.createStepUpConfig(next)));
  if (wanted.hookUrl !== undefined) await store.saveHookUrl(own, wanted.hookUrl);

  const hookUrl = await store.hookUrl(own);
  const changed = stored === undefined;
  terminal.result({ changed, ...(hookUrl === undefined ? {} : { hookUrl }), config }, () =>
    [
      `Step-up ${changed ? 'is' : 'was already'} configured${changed ? '' : ' so'} for application ${terminal.out.bold(target.appId)}.`,
      describeConfig(config, hookUrl),
    ].join('\n'),
  );
  if (!document && changed && wanted.jwksUrl === undefined && wanted.hookUrl !== undefined) {
    terminal.note(`jwks_url was not given, so ${jwksUrlBeside(wanted.hookUrl)} was sent: --jwks-url names another.`);
  }
}

function wantedConfig(stored: StepUpConfig | undefined, wanted: Wanted, kept: string | undefined): StepUpConfig {
  const { hookUrl } = wanted;
  const jwksUrl = wanted.jwksUrl ?? (hookUrl === undefined ? undefined : jwksUrlBeside(hookUrl));
  const config = stored ?? { step_keys: [], allowed_scopes: [] };
  return merge(config, { ...wanted, jwksUrl }, kept ?? firstHook(config)).config;
}

/** The hook that was given, else the one that is kept, else the one that a person types. */
async function withHook(
  { terminal }: Context,
  wanted: Wanted,
  { hook }: Options,
  kept: string | undefined,
): Promise<Wanted> {
  if (wanted.hookUrl !== undefined || hook === false) return wanted;
  if (kept !== undefined) {
    terminal.note(`The hook is ${kept}, which is kept as the default here.`);
    return { ...wanted, hookUrl: kept };
  }
  if (wanted.jwksUrl !== undefined || wanted.stepKeys.length > 0) return wanted;
  if (!terminal.interactive) {
    throw new InputNeededError('INPUT_NEEDED', 'The address of a hook is needed, and there is nobody to ask.', {
      field: '--hook-url',
      hint: 'Give --hook-url URL, --no-hook when every scope has a stored verdict, or the whole with --file.',
    });
  }
  const answer = await terminal.ask({
    message: 'Hook URL (empty: none, every scope has a stored verdict)',
    flag: '--hook-url',
    problem: (text) => (text === '' ? undefined : callbackProblem(text, 'The hook')),
  });
  return answer === '' ? wanted : { ...wanted, hookUrl: callbackUrl(answer, '--hook-url') };
}

function refuseDifference({ terminal }: Context, appId: string, stored: StepUpConfig, next: StepUpConfig): void {
  const found = differences(stored, next);
  if (found.length === 0) return;
  terminal.warn(`What is stored -> what was given:\n${found.map(inWords).join('\n')}`);
  const fields = found.map(({ field }) => field).join(', ');
  throw new RefusedError('CONFIG_EXISTS', `Application ${appId} is configured already, and differs in: ${fields}.`, {
    hint: 'Change it with: stepup config update',
  });
}
