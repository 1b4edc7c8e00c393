import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { UsageError } from '../../../../errors.js';
import { osReason } from '../../../../os-reason.js';
import type { Context } from '../../../context.js';
import { findEmulatorClient } from '../../../emulator-client.js';
import type { Handle } from '../../../tree.js';
import { nothing } from './answers.js';

export function define(command: Command, handle: Handle): void {
  command
    .argument('<file>', 'a file that snapshot export has written')
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
 * DOCUMENT_INVALID, FLAG_INVALID), UnreachableError.
 */
export async function run(context: Context, file: string): Promise<void> {
  const document = await readDocument(file);
  const client = await findEmulatorClient(context);
  const path = '/state';
  await client.call({ method: 'PUT', path, json: document, answer: nothing, bulk: true, field: '<file>' });
  context.terminal.result({ imported: file }, () => `The emulator is as ${file} says.`);
}

async function readDocument(file: string): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    throw new UsageError('FILE_UNREADABLE', `The file ${file} cannot be read: ${osReason(cause)}.`, {
      field: '<file>',
      cause,
    });
  }
  try {
    return JSON.parse(text);
  } catch {
    // The parser's own message would quote the file, which holds secrets.
    throw new UsageError('DOCUMENT_INVALID', `${file} is no JSON.`, { field: '<file>' });
  }
}
