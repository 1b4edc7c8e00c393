import type { Command } from 'commander';
import * as v from 'valibot';
import type { Context } from '../../../context.js';
import { findEmulatorClient } from '../../../emulator-client.js';
import type { Handle } from '../../../tree.js';
import { actionInWords, faultSchema, matchInWords } from './answers.js';

export function define(command: Command, handle: Handle): void {
  command
    .addHelpText(
      'after',
      `
Examples:
  $ stepup emulator fault list
`,
    )
    .action(handle((context) => run(context)));
}

/** Lists the faults with their counts, oldest first. Throws UsageError (EMULATOR_NOT_FOUND, EMULATOR_AMBIGUOUS, FLAG_INVALID), UnreachableError. */
export async function run(context: Context): Promise<void> {
  const client = await findEmulatorClient(context);
  const answer = v.object({ faults: v.array(faultSchema) });
  const { faults } = await client.call({ method: 'GET', path: '/faults', answer, field: '--tenant' });
  await context.terminal.list(
    { faults },
    faults,
    [
      { title: 'ID', value: ({ id }) => id },
      { title: 'DOES', value: actionInWords },
      { title: 'TO', value: matchInWords },
      { title: 'MATCHED', value: ({ matched }) => String(matched) },
      { title: 'HAPPENED', value: ({ happened }) => String(happened) },
    ],
    'There is no fault.',
  );
}
