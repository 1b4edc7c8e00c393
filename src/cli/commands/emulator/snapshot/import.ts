import type { Command } from 'commander';
import * as v from 'valibot';
import { STATE_FILE_TYPE } from '../../../../emulator/mark.js';
import { UsageError } from '../../../../errors.js';
import type { Context } from '../../../context.js';
import { findEmulatorClient } from '../../../emulator-client.js';
import { readBytes } from '../../../input-bytes.js';
import type { Handle } from '../../../tree.js';
import { nothing } from './answers.js';

/** As much as a state file may have. */
const MAX_BYTES = 512 * 1024 * 1024;

export function define(command: Command, handle: Handle): void {
  command
    .argument('<file>', 'a file that snapshot export has written; - for standard input')
    .addHelpText(
      'after',
      `
Puts the file in place of everything that is there now. Tokens of the exported emulator stay good where the keys and the addresses
are the same. What --export-on-exit writes is taken by: stepup emulator start --import FILE

Examples:
  $ stepup emulator snapshot export state.json && stepup emulator snapshot import state.json
`,
    )
    .action(handle((context, file: string) => run(context, file)));
}

/**
 * Puts an exported state into the emulator. Throws UsageError (EMULATOR_NOT_FOUND, EMULATOR_AMBIGUOUS, FILE_UNREADABLE,
 * DOCUMENT_INVALID, FLAG_INVALID), InputNeededError for `-` on a terminal, UnreachableError.
 */
export async function run(context: Context, file: string): Promise<void> {
  const document = await readDocument(context, file);
  const client = await findEmulatorClient(context);
  const path = '/state';
  await client.call({ method: 'PUT', path, json: document, answer: nothing, bulk: true, field: '<file>' });
  context.terminal.result(
    { imported: file },
    () => `The emulator is as ${file === '-' ? 'standard input' : file} says.`,
  );
}

async function readDocument(context: Context, file: string): Promise<unknown> {
  const bytes = await readBytes(context.system, file, '<file>', MAX_BYTES);
  const what = file === '-' ? 'Standard input' : file;
  const document = parse(bytes.toString('utf8'), what);
  if (v.is(v.looseObject({ type: v.literal(STATE_FILE_TYPE) }), document)) {
    throw new UsageError('DOCUMENT_INVALID', `${what} holds a whole emulator, not the state of one tenant.`, {
      field: '<file>',
      hint: 'Start an emulator from the file with: stepup emulator start --import FILE',
    });
  }
  return document;
}

function parse(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's own message would quote the file, which holds secrets.
    throw new UsageError('DOCUMENT_INVALID', `${what} is no JSON.`, { field: '<file>' });
  }
}
