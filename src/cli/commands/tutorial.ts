import type { Command } from 'commander';
import { UsageError } from '../../errors.js';
import type { Context } from '../context.js';
import type { Handle } from '../program.js';
import { parseScope } from '../../providers/prelude/input.js';
import { StepFailed } from '../tutorial/stage.js';

export interface Options {
  live?: boolean;
  yes?: boolean;
  scope: string;
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
    .option('--scope <scope>', 'the scope to walk with', 'transfer:write')
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
  $ stepup tutorial --yes
  $ stepup tutorial --live --direct --phone +33612345678
`,
    )
    .action(handle((context, options: Options) => run(context, options)));
}

function collect(value: string, all: string[] = []): string[] {
  return [...all, value];
}

/** Walks through step-up from start to end. Answers with the status of the step that failed, if one did. */
export async function run(context: Context, options: Options): Promise<number> {
  const scope = parseScope(options.scope, '--scope');
  const stray = liveOnly.find((name) => options[name] !== undefined);
  if (stray && !options.live) {
    const flag = `--${stray.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    throw new UsageError('FLAG_CONFLICT', `${flag} goes with --live.`, { field: flag });
  }
  try {
    if (options.live) {
      const { walkLive } = await import('../tutorial/live.js');
      await walkLive(context, { ...options, scope });
    } else {
      const { walkLocally } = await import('../tutorial/local.js');
      await walkLocally(context, scope, context.terminal.interactive && options.yes !== true && !context.terminal.json);
    }
    return 0;
  } catch (error) {
    if (error instanceof StepFailed) return error.status;
    throw error;
  }
}
