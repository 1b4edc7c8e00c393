import { Option, type Command } from 'commander';
import { InputNeededError, UsageError } from '../../../errors.js';
import { parseScope } from '../../../providers/prelude/input.js';
import type { AllowedScope, StepUpConfig } from '../../../providers/prelude/config.js';
import { callbackProblem, callbackUrl, jwksUrlBeside } from '../../../target/addresses.js';
import { collect } from '../../collect.js';
import type { Context } from '../../context.js';
import type { Handle } from '../../tree.js';
import { requireConfig, type Configured } from '../../stepup-config.js';
import {
  addVerdictFlags,
  MANAGED_SCOPES,
  MANAGED_STEPS,
  parseVerdict,
  STATUSES,
  type Status,
  type VerdictFlags,
} from '../../verdict.js';
import {
  decidedBy,
  entryFacts,
  isShadowed,
  putEntry,
  type EntryFacts,
  type IdentifierType,
  type Mode,
  type Wanted,
} from './entries.js';

const TYPES: readonly IdentifierType[] = ['phone_number', 'email_address'];

export interface Options extends VerdictFlags {
  scope: string;
  mode: Mode;
  hookUrl?: string | undefined;
  identifierType?: string[] | undefined;
  status?: Status | undefined;
}

export function define(command: Command, handle: Handle): void {
  command
    .argument('<scope>', 'the scope, e.g. transfer:write')
    .addOption(
      new Option('--mode <mode>', 'who decides: your hook, a stored verdict, or the service itself')
        .choices(['delegated', 'direct', 'managed'])
        .default('delegated'),
    )
    .option('--hook-url <url>', 'delegated: the hook (default: the one of config create)')
    .option('--identifier-type <type>', `direct: for users with one of these, ${TYPES.join(' or ')}`, collect)
    .addOption(new Option('--status <status>', 'direct: the stored verdict (review)').choices(STATUSES));
  addVerdictFlags(command)
    .addHelpText(
      'after',
      `
Both are done that a scope needs: it is registered on the application, and put into the step-up configuration. What is done
already stays as it is. Several verdicts may be stored, one for each set of users (--identifier-type): a new one goes after the
older ones, and the first that fits a user decides. For another order: config export, change the file, config apply.

Examples:
  $ stepup scope add transfer:write
  $ stepup scope add prld:email:register --mode managed
  $ stepup scope add key:export --mode direct --step verify_sms:300 --step verify_email --grant-mode single-use
`,
    )
    .action(handle((context, scope: string, flags: Omit<Options, 'scope'>) => run(context, { ...flags, scope })));
}

/**
 * Allows a scope to be requested. Throws UsageError (SCOPE_INVALID, FLAG_CONFLICT, FLAG_INVALID, URL_INVALID), RefusedError
 * CONFIG_MISSING, InputNeededError when no hook or step is known, InterruptedError.
 */
export async function run(context: Context, options: Options): Promise<void> {
  const { terminal } = context;
  const scope = parseScope(options.scope);
  checkFlags(options);
  if (options.hookUrl !== undefined) callbackUrl(options.hookUrl, '--hook-url');
  const stored = options.mode === 'direct' ? await directWanted(context, options) : undefined;
  const configured = await requireConfig(context);
  if (stored) checkSteps(stored, configured.config);
  const managed: Wanted | undefined = options.mode === 'managed' ? { mode: 'managed' } : undefined;
  const wanted = managed ?? stored ?? (await delegatedWanted(context, options, configured));
  const { entries, entry, replaced, changed } = putEntry(configured.config.allowed_scopes, scope, wanted);
  const next = withJwks({ ...configured.config, allowed_scopes: entries }, wanted);

  const management = await context.management();
  const added = await terminal.progress('Registering the scope', async () =>
    (await management.scopes()).includes(scope) ? false : management.addScope(scope),
  );
  if (changed) await terminal.progress('Writing the configuration', () => management.replaceStepUpConfig(next));

  const facts = entryFacts(entry);
  const result = { scope, changed: changed || added, registered: true, allowed: true, ...facts };
  terminal.result({ ...result, replaced: replaced.map(entryFacts) }, () => {
    const who = whoDecides(facts);
    const name = terminal.out.bold(scope);
    return result.changed
      ? `Scope ${name} may now be requested (${who}).`
      : `Scope ${name} is so already (${who}): nothing to do.`;
  });
  noteOrder(context, entries, entry);
  for (const each of replaced) terminal.note(`Replaced: ${each.mode}, ${decidedBy(entryFacts(each))}.`);
  if (scope.startsWith('prld:'))
    terminal.note('Scopes that begin with prld: are reserved: the service gives them a meaning.');
  if (changed && next.jwks_url !== configured.config.jwks_url) {
    terminal.note(`jwks_url was missing, so ${next.jwks_url} was sent: config update --jwks-url names another.`);
  }
}

/** Several entries of a scope are told in their order, since the first that fits a user decides. */
function noteOrder({ terminal }: Context, entries: AllowedScope[], entry: AllowedScope): void {
  const same = entries.filter(({ scope }) => scope === entry.scope);
  if (same.length < 2) return;
  const order = same.map((each, at) => `${at + 1}. ${decidedBy(entryFacts(each))}`).join('; ');
  terminal.note(`The first that fits a user decides: ${order}. Another order: config export, then config apply.`);
  if (!isShadowed(entries, entry)) return;
  terminal.warn('No user reaches this entry: those before it decide about all of its users.');
}

function whoDecides(facts: EntryFacts): string {
  if (facts.mode === 'delegated') return `the hook ${facts.hookUrl} decides`;
  return facts.mode === 'managed' ? 'the service itself decides' : `stored verdict: ${decidedBy(facts)}`;
}

/** Throws UsageError FLAG_CONFLICT for a flag of another mode, FLAG_INVALID for a scope that the service does not manage. */
function checkFlags(options: Options): void {
  const { mode, scope, hookUrl, identifierType, status, step, grantMode, grantedFor } = options;
  if (mode === 'managed' && !MANAGED_SCOPES.includes(scope)) {
    throw new UsageError('FLAG_INVALID', `--mode managed goes with ${MANAGED_SCOPES.join(' and ')} alone.`, {
      field: '--mode',
      hint: 'Any other scope is decided by your hook, or by a verdict that is stored with --mode direct.',
    });
  }
  const ofHook = { '--hook-url': hookUrl };
  const ofVerdict = {
    '--identifier-type': identifierType,
    '--status': status,
    '--step': step,
    '--grant-mode': grantMode,
    '--granted-for': grantedFor,
  };
  const foreign = { ...(mode === 'delegated' ? {} : ofHook), ...(mode === 'direct' ? {} : ofVerdict) };
  const [flag] = Object.entries(foreign).find(([, value]) => value !== undefined) ?? [];
  if (flag === undefined) return;
  const hints = {
    direct: 'A stored verdict asks no hook.',
    delegated: 'Store a verdict with --mode direct; else the hook gives it.',
    managed: 'What the service decides itself has neither a hook nor a verdict.',
  };
  const hint = hints[options.mode];
  throw new UsageError('FLAG_CONFLICT', `${flag} does not go with --mode ${options.mode}.`, { field: flag, hint });
}

type Direct = Extract<Wanted, { mode: 'direct' }>;

async function directWanted({ terminal }: Context, options: Options): Promise<Direct> {
  const status = options.status ?? 'review';
  const types = parseTypes(options.identifierType);
  let verdict = parseVerdict(status, options, '--status');
  if (status === 'review' && verdict.steps.length === 0) {
    const step = await terminal.choose('A step of the review', '--step', [
      { value: 'verify_sms', label: 'verify_sms: a code by SMS' },
      { value: 'verify_email', label: 'verify_email: a code by email' },
    ]);
    verdict = parseVerdict(status, { ...options, step: [step] }, '--status');
  }
  return { mode: 'direct', identifierTypes: types ?? typesFor(verdict.steps.map(({ key }) => key)), verdict };
}

function parseTypes(given: string[] | undefined): IdentifierType[] | undefined {
  return given?.map((text) => {
    const type = TYPES.find((known) => known === text);
    if (type) return type;
    throw new UsageError('FLAG_INVALID', `--identifier-type is ${TYPES.join(' or ')}, not "${text}".`, {
      field: '--identifier-type',
    });
  });
}

/** Whoever can do the steps: a code by SMS needs a phone number, one by email an address. */
function typesFor(steps: string[]): IdentifierType[] {
  const needed: IdentifierType[] = [
    ...(steps.includes('verify_sms') ? [TYPES[0]!] : []),
    ...(steps.includes('verify_email') ? [TYPES[1]!] : []),
  ];
  return needed.length > 0 ? needed : [...TYPES];
}

function checkSteps({ verdict }: Direct, { step_keys }: StepUpConfig): void {
  const known = [...MANAGED_STEPS, ...step_keys.map(({ key }) => key)];
  const stranger = verdict.steps.find(({ key }) => !known.includes(key));
  if (!stranger) return;
  throw new UsageError('FLAG_INVALID', `--step: the configuration has no step ${stranger.key}.`, {
    field: '--step',
    hint: `Add it with: stepup config update --step-key ${stranger.key}`,
  });
}

/** The hook that was given, else the one that the scope has, else the default one, else the one that a person types. */
async function delegatedWanted(
  { terminal }: Context,
  { scope, hookUrl }: Options,
  { config, defaultHook }: Configured,
): Promise<Wanted> {
  if (hookUrl !== undefined) return { mode: 'delegated', hookUrl };
  const before = config.allowed_scopes.find((entry) => entry.scope === scope && entry.mode === 'delegated');
  const known = before?.mode === 'delegated' ? before.delegated.delegation_hook : defaultHook;
  if (known !== undefined) return { mode: 'delegated', hookUrl: known };
  if (!terminal.interactive) {
    throw new InputNeededError('INPUT_NEEDED', 'No hook is known that could decide, and there is nobody to ask.', {
      field: '--hook-url',
      hint: 'Give --hook-url URL, or store a verdict with --mode direct --step verify_sms.',
    });
  }
  const problem = (text: string): string | undefined => callbackProblem(text, 'The hook');
  return { mode: 'delegated', hookUrl: await terminal.ask({ message: 'Hook URL', flag: '--hook-url', problem }) };
}

/** Prelude: a delegated scope needs a jwks_url. */
function withJwks(config: StepUpConfig, wanted: Wanted): StepUpConfig {
  if (config.jwks_url || wanted.mode !== 'delegated') return config;
  return { ...config, jwks_url: jwksUrlBeside(wanted.hookUrl) };
}
