import type { Command } from 'commander';
import { UsageError } from '../../../errors.js';
import type { Context } from '../../context.js';
import { readInput } from '../../secrets.js';
import { isReadable, parseSessionFile } from '../../session-file.js';
import { printable } from '../../terminal/printable.js';
import type { Handle } from '../../tree.js';

export interface Options {
  file: string;
  yes?: boolean | undefined;
}

export function define(command: Command, handle: Handle): void {
  command
    .argument('<file>', 'the file of the session, - for standard input')
    .option('--yes', 'replace a session that is there without asking')
    .addHelpText(
      'after',
      `
A session can be used in one place only: its refresh token is spent by its first use. Delete the file, or write the rotated session
back with stepup session export.

Examples:
  $ stepup session import session.json
  $ printenv SESSION | stepup session import - --yes
`,
    )
    .action(handle((context, file: string, flags: Omit<Options, 'file'>) => run(context, { ...flags, file })));
}

/** Takes a session in, under the application that it belongs to. Throws UsageError DOCUMENT_INVALID, InputNeededError, FailedError. */
export async function run(context: Context, { file, yes = false }: Options): Promise<void> {
  const { terminal, store, system } = context;
  const parsed = parseSessionFile(await readInput(system, file, 'file'), 'file');
  if (!(await isReadable(parsed))) {
    throw new UsageError('DOCUMENT_INVALID', 'file: the session in it cannot be read by this version of stepup.', {
      field: 'file',
    });
  }
  const { provider, host, application, record } = parsed;
  const key = { provider, host, application };
  const before = await store.session(key);
  if (before?.['session'] !== undefined && !yes) {
    const question = `There is a session of ${printable(application)} at ${printable(host)} already. Replace it?`;
    if (!(await terminal.confirm(question, '--yes'))) {
      terminal.result({ imported: false }, () => 'Nothing was changed.');
      return;
    }
  }
  await store.updateSession(key, () => record);
  terminal.result(
    { imported: true, provider, host, application },
    () => `The session of ${printable(application)} at ${printable(host)} is here now. See it with: stepup status`,
  );
}
