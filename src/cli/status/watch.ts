/** Goes on telling how things stand: on a terminal every second, elsewhere when something has changed. */
import type { Context } from '../context.js';
import { printable } from '../terminal/printable.js';
import type { AllReport, OneReport, ProfileState } from './report.js';
import { canDraw, openScreen } from './screen.js';
import { rowOf } from './words.js';

/** How often the store is looked at. Milliseconds. */
const LOOK_MS = 1000;

export interface Watched<Report extends OneReport | AllReport> {
  read(): Promise<Report>;
  /** For a person. */
  lines(report: Report): string[];
}

/**
 * Never ends by itself. Throws InterruptedError on Ctrl-C, the terminal given back before, and what reading throws.
 */
export async function watch<Report extends OneReport | AllReport>(
  context: Context,
  watched: Watched<Report>,
): Promise<never> {
  return context.terminal.json || !canDraw(context.system)
    ? watchByLine(context, watched)
    : watchOnScreen(context, watched);
}

async function watchOnScreen<Report extends OneReport | AllReport>(
  { system, terminal }: Context,
  { read, lines }: Watched<Report>,
): Promise<never> {
  // What is wrong at the start is said without a screen.
  let report = await read();
  const screen = openScreen(system.stdout);
  try {
    for (;;) {
      const at = new Date(system.now()).toISOString().slice(11, 19);
      screen.draw([terminal.out.dim(`${at} UTC, Ctrl-C to end`), '', ...lines(report)]);
      await system.sleep(LOOK_MS, system.signal);
      report = await read();
    }
  } finally {
    screen.leave();
  }
}

async function watchByLine<Report extends OneReport | AllReport>(
  { system, terminal }: Context,
  { read }: Watched<Report>,
): Promise<never> {
  let before: Map<string, string> | undefined;
  for (;;) {
    const report = await read();
    const states = statesOf(report);
    const now = new Map<string, string>();
    for (const state of states) now.set(state.profile ?? '', lasting(state));
    const changed = states.filter((state) => before?.get(state.profile ?? '') !== now.get(state.profile ?? ''));
    const gone = [...(before?.keys() ?? [])].filter((name) => !now.has(name));
    const at = new Date(system.now()).toISOString();
    if (!before || changed.length > 0 || gone.length > 0) {
      if (terminal.json) terminal.result({ type: 'status', at, ...report }, () => '');
      else terminal.result(report, () => rows(at, changed, gone));
    }
    before = now;
    await system.sleep(LOOK_MS, system.signal);
  }
}

function statesOf(report: OneReport | AllReport): (OneReport | ProfileState)[] {
  return 'profiles' in report ? report.profiles : [report];
}

/** All that time alone does not change. */
function lasting({ grants, ...state }: OneReport | ProfileState): string {
  return JSON.stringify([state, grants.map(({ secondsLeft: _secondsLeft, ...grant }) => grant)]);
}

/** A row for each change, with its instant first. */
function rows(at: string, changed: (OneReport | ProfileState)[], gone: string[]): string {
  const left = gone.map((name) => `${printable(name)}\tremoved`);
  return [...changed.map(rowOf), ...left].map((row) => `${at}\t${row}`).join('\n');
}
