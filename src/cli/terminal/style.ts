/** Colours, as plain functions from text to text. Without colour they are the identity and no library is loaded. */
import type { Env, Output } from '../../system.js';

export interface Style {
  bold(text: string): string;
  dim(text: string): string;
  good(text: string): string;
  bad(text: string): string;
  mark(text: string): string;
}

const plain: Style = { bold: same, dim: same, good: same, bad: same, mark: same };

function same(text: string): string {
  return text;
}

/** Whether a stream gets colour: `NO_COLOR`, then `FORCE_COLOR`, then `TERM=dumb` and `CI`, then whether it is a terminal. */
export function wantsColour(env: Env, stream: Output): boolean {
  if (env.NO_COLOR) return false;
  if (env.FORCE_COLOR !== undefined) return env.FORCE_COLOR !== '0' && env.FORCE_COLOR !== 'false';
  if (env.TERM === 'dumb' || env.CI) return false;
  return stream.isTTY === true;
}

/** The style for a stream. Loads chalk only where there is colour. */
export async function styleFor(env: Env, stream: Output): Promise<Style> {
  if (!wantsColour(env, stream)) return plain;
  const { Chalk } = await import('chalk');
  const chalk = new Chalk({ level: 1 });
  return { bold: chalk.bold, dim: chalk.dim, good: chalk.green, bad: chalk.red, mark: chalk.cyan };
}
