/** Where the emulator's clock stands, asked for or after a move. */
import * as v from 'valibot';
import type { Context } from '../../../context.js';
import { durationInWords } from '../../../../durations.js';
import { findEmulatorClient } from '../../../emulator-client.js';

const standing = v.object({ now: v.string(), ageNow: v.string(), offset: v.number(), frozen: v.boolean() });
type Standing = v.InferOutput<typeof standing>;

/** Moves the clock, or not at all, and shows where it stands. Throws UsageError EMULATOR_*, FLAG_INVALID, UnreachableError. */
export async function moveClock(
  context: Context,
  move: Record<string, unknown> | undefined,
  field?: string,
): Promise<void> {
  const client = await findEmulatorClient(context);
  const path = '/clock';
  const call = move === undefined ? ({ method: 'GET' } as const) : ({ method: 'POST', json: move } as const);
  const now = await client.call({ ...call, path, answer: standing, field });
  context.terminal.result(now, standingInWords);
}

function standingInWords({ ageNow, offset, frozen }: Standing): string {
  const away =
    Math.abs(offset) < 1 ? 'at real time' : `${durationInWords(Math.abs(offset))} ${offset > 0 ? 'ahead' : 'behind'}`;
  return `The clock is ${away}${frozen ? ', and stands still' : ''}: things are as old as at ${ageNow}.`;
}
