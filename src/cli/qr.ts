/** QR codes for a terminal. */
import type { Context } from './context.js';
import { wantsColour } from './terminal/style.js';

/** Modules of light around the code. ISO/IEC 18004 asks for four; readers of telephones take two, and a row of a terminal is dear. */
const QUIET_ZONE = 2;

/** White on black, whatever the terminal's own colours are: a code in the negative is one that some readers do not take. */
const WHITE_ON_BLACK = '\u001b[97;40m';
const RESET = '\u001b[0m';

/**
 * Shows a text as a QR code on standard error. False, with nothing shown, when that is no terminal or has too few columns for it. The code
 * holds the text: nobody but the person at the terminal gets it.
 */
export async function showQr(
  { system, terminal }: Pick<Context, 'system' | 'terminal'>,
  text: string,
): Promise<boolean> {
  const { stderr, env } = system;
  if (stderr.isTTY !== true) return false;
  const lines = await qrLines(text);
  if (lines[0] === undefined || lines[0].length > (stderr.columns ?? 0)) return false;
  const coloured = wantsColour(env, stderr) ? lines.map((line) => `${WHITE_ON_BLACK}${line}${RESET}`) : lines;
  // Whoever is asked for the code that follows from it must see it, also under `--json`.
  const say = terminal.interactive ? terminal.warn : terminal.note;
  say(coloured.join('\n'));
  return true;
}

/** A text as a QR code, two rows of modules a line, light modules drawn: for a light hand on dark ground. */
export async function qrLines(text: string): Promise<string[]> {
  const { encode } = await import('uqr');
  const { data } = encode(text, { border: QUIET_ZONE });
  const rows: string[] = [];
  for (let y = 0; y < data.length; y += 2) {
    const [upper = [], lower] = data.slice(y, y + 2);
    rows.push(upper.map((dark, x) => block(!dark, lower !== undefined && !lower[x])).join(''));
  }
  return rows;
}

function block(upper: boolean, lower: boolean): string {
  if (upper) return lower ? '█' : '▀';
  return lower ? '▄' : ' ';
}
