import type { Command } from 'commander';
import { SessionError, UsageError } from '../../errors.js';
import type { Context } from '../context.js';
import { reportAll, reportOne, type AllReport } from '../status/report.js';
import { watch } from '../status/watch.js';
import { allInWords, oneInWords, rowOf } from '../status/words.js';
import type { Handle } from '../tree.js';

export interface Options {
  watch?: boolean | undefined;
  all?: boolean | undefined;
}

export function define(command: Command, handle: Handle): void {
  command
    .option('--watch', 'go on: on a terminal every second, in a pipe a line when something has changed')
    .option('--all', 'every profile')
    .addHelpText(
      'after',
      `
Looks at what is kept here, and asks no service. With --all each profile is shown as it is by itself, without the variables that
change parts of one; a profile that cannot be read has its problem in its line. --watch goes on until Ctrl-C (status 130), also while
nobody is logged in.

Examples:
  $ stepup status
  $ stepup status --all
  $ stepup status --watch --json | jq -c '.grants[].scopes'
`,
    )
    .action(handle((context, options: Options) => run(context, options)));
}

/**
 * Shows who is logged in, which scopes are held by which proof and for how long, what is under way, and where the secrets are. `--json`:
 * `{"session","grants","challenges","profile","provider","application","secrets":{"kind":"file","path"}}`; with `--all`
 * `{"profiles":[{"profile","current","provider","application","session","grants","challenges","problem"?}],"secrets"}`; with `--watch`
 * a line for each change, with `"type":"status"` and `"at"` before these; `session` is null where nobody is logged in. Throws
 * SessionError NOT_LOGGED_IN (with neither flag), UsageError FLAG_CONFLICT, FailedError (store), InterruptedError (`--watch`).
 */
export async function run(context: Context, options: Options = {}): Promise<void> {
  const { terminal, system } = context;
  if (options.all) {
    refuseTarget(context);
    const read = (): Promise<AllReport> => reportAll(context);
    const lines = (report: AllReport): string[] =>
      report.profiles.length === 0 ? [NO_PROFILE] : allInWords(report, system.now(), terminal.out);
    if (options.watch) return watch(context, { read, lines });
    return showAll(context, await read(), lines);
  }
  const read = () => reportOne(context);
  const lines = (report: Awaited<ReturnType<typeof read>>): string[] => oneInWords(report, system.now(), terminal.out);
  if (options.watch) return watch(context, { read, lines });
  const report = await read();
  if (report.session === null) throw new SessionError('NOT_LOGGED_IN', 'Nobody is logged in.');
  terminal.result(report, () => lines(report).join('\n'));
}

const NO_PROFILE = 'There is no profile. Make one with: stepup init';

function showAll({ terminal }: Context, report: AllReport, lines: (report: AllReport) => string[]): void {
  if (report.profiles.length === 0 && !terminal.json) return terminal.note(NO_PROFILE);
  terminal.result(
    report,
    () => lines(report).join('\n'),
    ({ profiles }) => profiles.map(rowOf).join('\n'),
  );
}

/** Flags that choose one application, by their names in `Globals`. */
const TARGET = {
  profile: '--profile',
  emulator: '--emulator',
  tenant: '--tenant',
  provider: '--provider',
  app: '--app',
  domain: '--domain',
  managementUrl: '--management-url',
  environment: '--environment',
  apiUrl: '--api-url',
  origin: '--origin',
} as const;

function refuseTarget({ globals }: Context): void {
  const given = Object.entries(TARGET).find(([name]) => globals[name as keyof typeof TARGET] !== undefined);
  if (!given) return;
  throw new UsageError('FLAG_CONFLICT', `--all is every profile; ${given[1]} names one application.`, {
    field: given[1],
  });
}
