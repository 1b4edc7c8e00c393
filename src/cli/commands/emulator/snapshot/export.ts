import type { Command } from 'commander';
import * as v from 'valibot';
import { FailedError } from '../../../../errors.js';
import { osReason } from '../../../../os-reason.js';
import type { Context } from '../../../context.js';
import { findEmulatorClient } from '../../../emulator-client.js';
import type { Handle } from '../../../tree.js';

export function define(command: Command, handle: Handle): void {
  command
    .argument('<file>', 'the file to write, readable by you only; - for standard output')
    .addHelpText(
      'after',
      `
Writes everything of a running emulator to a file, from which another emulator with the same keys goes on: users, factors, bound
keys, sessions, challenges under way, inbox, settings, faults and clock. The file holds secrets.

Examples:
  $ stepup emulator snapshot export state.json
  $ stepup emulator snapshot export state.json && stepup emulator snapshot import state.json
`,
    )
    .action(handle((context, file: string) => run(context, file)));
}

/**
 * Writes the state of the emulator to a file (mode 0600, in one step). Throws UsageError (EMULATOR_NOT_FOUND, EMULATOR_AMBIGUOUS,
 * FLAG_INVALID), FailedError FILE_UNWRITABLE, UnreachableError.
 */
export async function run(context: Context, file: string): Promise<void> {
  const client = await findEmulatorClient(context);
  const path = '/state';
  const document = await client.call({ method: 'GET', path, answer: v.looseObject({}), bulk: true });
  if (file === '-') {
    await context.terminal.write(Buffer.from(`${JSON.stringify(document)}\n`));
    return;
  }
  const { default: writeFileAtomic } = await import('write-file-atomic');
  try {
    await writeFileAtomic(file, `${JSON.stringify(document)}\n`, { mode: 0o600 });
  } catch (cause) {
    throw new FailedError('FILE_UNWRITABLE', `The state cannot be written to ${file}: ${osReason(cause)}.`, {
      field: '<file>',
      cause,
    });
  }
  context.terminal.result({ file }, () => `The state of the emulator is in ${file}, which holds secrets.`);
}
