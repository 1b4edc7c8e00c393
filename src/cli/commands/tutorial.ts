import type { Command } from 'commander';
import { UsageError } from '../../errors.js';
import { collect } from '../collect.js';
import type { Context } from '../context.js';
import type { Handle } from '../tree.js';
import type { ProviderName } from '../../providers/provider.js';
import { StepFailed } from '../tutorial/stage.js';

export interface Options {
  live?: boolean;
  yes?: boolean;
  scope?: string;
  phone?: string;
  hookUrl?: string;
  direct?: boolean;
  code?: string[];
  codeCommand?: string;
}

const liveOnly = ['hookUrl', 'direct', 'phone', 'code', 'codeCommand'] as const;

export function define(command: Command, handle: Handle): void {
  command
    .option('--yes', 'walk by itself, asking nothing')
    .option('--scope <scope>', 'the scope to walk with (transfer:write; wallet:export at Dynamic)')
    .option('--live', 'walk on your own application instead of the emulator')
    .option('--hook-url <url>', 'with --live: your hook, reachable from the internet')
    .option('--direct', 'with --live: a stored verdict in place of a hook')
    .option('--phone <number>', 'with --live: the phone that logs in')
    .option('--code <code>', 'with --live: a code, once for each step', collect)
    .option('--code-command <command>', 'with --live: a command that prints the code')
    .addHelpText(
      'after',
      `
Examples:
  $ stepup tutorial
  $ stepup tutorial --provider dynamic
  $ stepup tutorial --live --direct --phone +33612345678
`,
    )
    .action(handle((context, options: Options) => run(context, options)));
}

/**
 * Walks through step-up from start to end. Answers with the status of the step that failed, if one did. Throws UsageError FLAG_CONFLICT,
 * FLAG_INVALID, SCOPE_INVALID.
 */
export async function run(context: Context, options: Options): Promise<number> {
  const provider = providerOf(context);
  const scope = await scopeOf(provider, options.scope);
  const stray = liveOnly.find((name) => options[name] !== undefined);
  if (stray && !options.live) {
    const flag = `--${stray.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    throw new UsageError('FLAG_CONFLICT', `${flag} goes with --live.`, { field: flag });
  }
  if (options.live && provider === 'dynamic') {
    throw new UsageError('COMMAND_UNSUPPORTED', 'The walk on your own application is one of Prelude.', {
      field: '--live',
      hint: 'Walk on your own environment by hand, command by command. Begin with: stepup init --provider dynamic',
    });
  }
  try {
    if (options.live) {
      const { walkLive } = await import('../tutorial/live.js');
      await walkLive(context, { ...options, scope });
    } else {
      const { walkLocally } = await import('../tutorial/local.js');
      const interactive = context.terminal.interactive && options.yes !== true && !context.terminal.json;
      await walkLocally(context, { provider, scope, interactive });
    }
    return 0;
  } catch (error) {
    if (error instanceof StepFailed) return error.status;
    throw error;
  }
}

/** The walk needs no application, so its provider is what the flag or the variable says. */
function providerOf({ globals, system }: Context): ProviderName {
  const named = globals.provider ?? (system.env.STEPUP_PROVIDER || 'prelude');
  if (named === 'prelude' || named === 'dynamic') return named;
  throw new UsageError('FLAG_INVALID', `--provider is prelude or dynamic, not "${named}".`, { field: '--provider' });
}

async function scopeOf(provider: ProviderName, text: string | undefined): Promise<string> {
  if (provider === 'dynamic') {
    if (text === undefined || text === 'wallet:export') return 'wallet:export';
    throw new UsageError('FLAG_INVALID', 'The walk at Dynamic is with wallet:export, which its sample call demands.', {
      field: '--scope',
    });
  }
  const { parseScope } = await import('../../providers/prelude/input.js');
  return parseScope(text ?? 'transfer:write', '--scope');
}
