/** The walk on the user's own application: says what it will change, asks first, and offers to put it back. */
import { InputNeededError, UsageError } from '../../errors.js';
import type { StepUpConfig } from '../../providers/prelude/config.js';
import { parsePhone } from '../../providers/identifiers.js';
import type { Management } from '../../providers/prelude/management.js';
import { managementKeyOf, type Context } from '../context.js';
import { createStage, type Stage } from './stage.js';

export interface LiveOptions {
  scope: string;
  yes?: boolean;
  hookUrl?: string;
  direct?: boolean;
  phone?: string;
  code?: string[];
  codeCommand?: string;
}

/** What the application had before the walk. */
interface Before {
  config: StepUpConfig | undefined;
  registered: boolean;
  /** The default hook that the store keeps. */
  hook: string | undefined;
}

/**
 * Plays the walk; changes nothing when the person says no. Throws InputNeededError without `--hook-url` or `--direct`, and
 * StepFailed when a step fails; the offer to put the configuration back comes in any case.
 */
export async function walkLive(context: Context, options: LiveOptions): Promise<void> {
  const { terminal } = context;
  checkFlags(options);
  const phone = parsePhone(
    options.phone ?? (await terminal.ask({ message: 'Your phone number (E.164)', flag: '--phone' })),
    '--phone',
  );
  const target = await context.preludeTarget();
  const management = await context.management();
  const before: Before = {
    config: await management.stepUpConfig(),
    registered: (await management.scopes()).includes(options.scope),
    hook: await context.store.hookUrl(managementKeyOf(target)),
  };
  terminal.note(`This walk changes application ${target.appId} at ${target.managementUrl}:`);
  const loggedIn = (await (await context.provider()).session()) !== undefined;
  for (const change of changes(before, options, loggedIn)) terminal.note(`  - ${change}`);
  if (!options.yes && !(await terminal.confirm('Go on?', '--yes'))) {
    terminal.note('Nothing was changed.');
    return;
  }

  const interactive = terminal.interactive && !options.code && !options.codeCommand;
  const env = { ...context.system.env, STEPUP_PRELUDE_MANAGEMENT_KEY: await context.managementKey() };
  const stage = createStage(context, { flags: sameTarget(context), world: { env }, interactive });
  try {
    await play(stage, before, phone, options);
  } finally {
    await stage.close();
    await offerBack(context, management, before, options);
  }
}

function checkFlags({ hookUrl, direct }: LiveOptions): void {
  if (hookUrl !== undefined && direct) {
    throw new UsageError('FLAG_CONFLICT', '--hook-url and --direct cannot be used together.', { field: '--direct' });
  }
  if (hookUrl === undefined && !direct) {
    throw new InputNeededError('INPUT_NEEDED', 'The service has to reach a hook, or do without one.', {
      field: '--hook-url',
      hint: 'Give --hook-url https://… (a tunnel to `stepup hook serve`), or --direct for a stored verdict.',
    });
  }
}

function changes({ config, registered }: Before, { scope, hookUrl, direct }: LiveOptions, loggedIn: boolean): string[] {
  const verdict = direct ? 'a stored review by SMS' : `the verdict of ${hookUrl}`;
  return [
    config === undefined ? 'a step-up configuration is made' : 'the step-up configuration is changed',
    ...(registered ? [] : [`scope ${scope} is registered`]),
    `scope ${scope} may be requested, by ${verdict}`,
    'two SMS are sent to your phone',
    ...(loggedIn ? ['your login is replaced by that of this phone, and stays so'] : []),
  ];
}

/** The flags that chose this target, for the commands of the walk. */
function sameTarget({ globals }: Context): string[] {
  const { emulator, profile, app, domain, managementUrl } = globals;
  return [
    ...(emulator === undefined ? [] : [emulator === 'running' ? '--emulator' : `--emulator=${emulator}`]),
    ...(profile === undefined ? [] : ['--profile', profile]),
    ...(app === undefined ? [] : ['--app', app]),
    ...(domain === undefined ? [] : ['--domain', domain]),
    ...(managementUrl === undefined ? [] : ['--management-url', managementUrl]),
  ];
}

async function play(stage: Stage, before: Before, phone: string, options: LiveOptions): Promise<void> {
  const { explain } = stage.transcript;
  const { scope, hookUrl, direct, codeCommand } = options;
  const codes = (at: number): string[] => {
    const code = options.code?.[at];
    if (codeCommand) return ['--code-command', codeCommand];
    return code === undefined ? [] : ['--code', code];
  };

  if (direct && before.config === undefined) {
    explain('Configure step-up', 'No hook: the verdict is stored with the scope.');
    await stage.run('config', ['config', 'create', '--no-hook']);
  } else if (!direct) {
    explain('Configure step-up', 'The application learns where your hook is.');
    await stage.run('config', ['config', before.config ? 'update' : 'create', '--hook-url', hookUrl!]);
  }
  explain(
    'Add the scope',
    direct ? `${scope} takes a code by SMS.` : `${scope} may be requested; your hook has the say.`,
  );
  await stage.run('scope', [
    'scope',
    'add',
    scope,
    ...(direct ? ['--mode', 'direct', '--status', 'review', '--step', 'verify_sms'] : ['--hook-url', hookUrl!]),
  ]);
  explain('Log in', 'The service sends a code to your phone.');
  await stage.run('login', ['login', '--phone', phone, ...codes(0)], { asks: true });
  const claims = await stage.claims();
  explain('Request the scope', 'The verdict `review` asks for one more code.');
  await stage.run('request', ['request', scope, ...codes(1)], { hide: true, asks: true });
  await stage.run('check', ['check', scope]);
  stage.transcript.claims(claims, await stage.claims());
}

/**
 * Puts the configuration back when the person wants it so. Where it stays changed, by a no, an interruption or a failure, the
 * previous one is printed, so that nothing is lost.
 */
async function offerBack(
  context: Context,
  management: Management,
  before: Before,
  options: LiveOptions,
): Promise<void> {
  const { terminal } = context;
  let isBack = false;
  try {
    const wanted = options.yes || (await terminal.confirm('Put the previous configuration back?', '--yes', true));
    if (!wanted) return;
    await putBack(management, before, options.scope);
    await context.store.saveHookUrl(managementKeyOf(await context.preludeTarget()), before.hook);
    isBack = true;
    terminal.note('The previous configuration is back.');
  } finally {
    if (!isBack)
      terminal.warn(`The configuration stays changed. Before, it was: ${JSON.stringify(before.config ?? null)}`);
  }
}

async function putBack(management: Management, { config, registered }: Before, scope: string): Promise<void> {
  if (config === undefined) await management.deleteStepUpConfig();
  else if ((await management.stepUpConfig()) === undefined) await management.createStepUpConfig(config);
  else await management.replaceStepUpConfig(config);
  if (!registered) await management.removeScope(scope);
}
