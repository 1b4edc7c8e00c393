/** A screen of our own on a terminal, which leaves what was there before as it was. */
import type { Output, System } from '../../system.js';
import { steered } from '../terminal/printable.js';

export interface Screen {
  /** Shows these lines in place of those before. What is longer or higher than the screen is cut. */
  draw(lines: readonly string[]): void;
  /** Gives the terminal back. */
  leave(): void;
}

/** The private modes of xterm: other screen, cursor, wrapping of lines. */
const ENTER = '\u001b[?1049h\u001b[?25l\u001b[?7l';
const LEAVE = '\u001b[?7h\u001b[?25h\u001b[?1049l';
const HOME = '\u001b[H';
const END_LINE = '\u001b[K';
const END_SCREEN = '\u001b[J';

/** Whether standard output is a terminal that a screen can be drawn on; one that does not know its width cannot be. */
export function canDraw({ stdout, env }: Pick<System, 'stdout' | 'env'>): boolean {
  return stdout.isTTY === true && Boolean(stdout.columns) && !env.CI && env.TERM !== 'dumb';
}

/** Takes the terminal. Call `leave` at every end. Drawn anew when the terminal changes its size. */
export function openScreen(stdout: Output & { rows?: number | undefined }): Screen {
  let shown: readonly string[] = [];
  const redraw = (): void => {
    const fitting = cut(shown, stdout.rows);
    stdout.write(`${HOME}${fitting.map((line) => `${steered(line)}${END_LINE}`).join('\r\n')}${END_SCREEN}`);
  };
  stdout.write(ENTER);
  stdout.on('resize', redraw);
  return {
    draw(lines) {
      shown = lines;
      redraw();
    },
    leave() {
      stdout.off('resize', redraw);
      stdout.write(LEAVE);
    },
  };
}

function cut(lines: readonly string[], rows: number | undefined): readonly string[] {
  if (!rows || lines.length <= rows) return lines;
  return [...lines.slice(0, rows - 1), `… ${lines.length - rows + 1} more`];
}
