/** What a test of the developer's own backend prints: a table of cases, as JSON, or as JUnit XML for CI. */
import { writeFile } from 'node:fs/promises';
import { Option, type Command } from 'commander';
import { mustBeMended, type Case } from '../backend/case.js';
import { FailedError, UsageError } from '../errors.js';
import { osReason } from '../os-reason.js';
import type { Context } from './context.js';
import { junitXml } from './junit.js';
import { printable } from './terminal/printable.js';

export interface ReportFlags {
  junit?: string | undefined;
  format?: 'table' | 'junit' | undefined;
}

export interface Report {
  /**
   * Prints the cases; `suite` names what was tested, e.g. `keys test https://…`. Answers with the exit status: 3 when something
   * must be mended, else 0. Throws FailedError FILE_UNWRITABLE for `--junit`, after the cases are printed.
   */
  print(suite: string, cases: readonly Case[]): Promise<number>;
}

/** What was tested, for `print`: a query may have a token in it, and a report goes around. */
export function suiteName(command: string, url: string): string {
  const { origin, pathname } = new URL(url);
  return `${command} ${origin}${pathname}`;
}

/** Something must be mended. */
const FAULTY = 3;

/** Adds `--junit FILE` and `--format junit` to a command. */
export function addReportFlags(command: Command): Command {
  return command
    .option('--junit <file>', 'also write the cases to this file, as JUnit XML')
    .addOption(new Option('--format <format>', 'what is printed').choices(['table', 'junit']).default('table'));
}

/** Binds a command's flags; call it before the work. Throws UsageError FLAG_CONFLICT for `--json` with `--format junit`. */
export function createReport({ terminal }: Pick<Context, 'terminal'>, { junit, format }: ReportFlags): Report {
  const asXml = format === 'junit';
  if (asXml && terminal.json) {
    throw new UsageError('FLAG_CONFLICT', '--json and --format junit say two things about what is printed.', {
      field: '--format',
      hint: 'Print JSON, and write the XML to a file with --junit FILE.',
    });
  }
  return {
    async print(suite, cases) {
      const failed = cases.filter(mustBeMended).length;
      const passed = cases.filter(({ holds }) => holds).length;
      const document = { cases, passed, failed };
      if (asXml) terminal.result(document, () => junitXml(suite, cases));
      else await terminal.list(document, [...cases], columns(terminal), 'There was nothing to test.');
      if (terminal.tty && !asXml) for (const line of todo(cases)) terminal.note(line);
      const untried = cases.filter((one) => one.untried === true).length;
      terminal.note(summary({ passed, failed, advice: cases.length - passed - failed - untried, untried }));
      if (junit !== undefined) await write(junit, `${junitXml(suite, cases)}\n`);
      return failed > 0 ? FAULTY : 0;
    },
  };
}

function columns({ out, tty }: Context['terminal']): { title: string; value(row: Case): string }[] {
  const mark = (row: Case): string =>
    row.holds
      ? out.good('ok')
      : row.untried
        ? out.dim('untried')
        : mustBeMended(row)
          ? out.bad('FAULT')
          : out.mark('advice');
  return [
    { title: '', value: mark },
    { title: 'CASE', value: ({ name }) => printable(name) },
    { title: 'EXPECTED', value: ({ expected }) => printable(expected) },
    { title: 'GOT', value: ({ got }) => printable(got) },
    // Whole sentences would make the rows longer than a terminal is wide: there they stand below.
    ...(tty ? [] : [{ title: 'WHAT TO DO', value: ({ holds, hint }: Case) => (holds ? '' : printable(hint ?? '')) }]),
  ];
}

/** Each hint once, with the names that it is for. */
function todo(cases: readonly Case[]): string[] {
  const byHint = new Map<string, string[]>();
  for (const { name, holds, hint } of cases) {
    if (!holds && hint !== undefined) byHint.set(hint, [...(byHint.get(hint) ?? []), name]);
  }
  return [...byHint].map(([hint, names]) => printable(`- ${names.join(', ')}: ${hint}`));
}

function summary({
  passed,
  failed,
  advice,
  untried,
}: Record<'passed' | 'failed' | 'advice' | 'untried', number>): string {
  const parts = [
    `${passed} hold`,
    failed === 0 ? 'nothing must be mended' : `${failed} must be mended`,
    ...(advice === 0 ? [] : [`${advice} to think about`]),
    ...(untried === 0 ? [] : [`${untried} not tried`]),
  ];
  return `${parts.join(', ')}.`;
}

async function write(path: string, xml: string): Promise<void> {
  try {
    await writeFile(path, xml);
  } catch (cause) {
    throw new FailedError('FILE_UNWRITABLE', `--junit: cannot write ${path}: ${osReason(cause)}.`, {
      field: '--junit',
      cause,
    });
  }
}
