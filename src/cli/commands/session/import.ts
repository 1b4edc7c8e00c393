import type { Command } from 'commander';
import { quoted } from '../../../backend/key-file.js';
import { UsageError } from '../../../errors.js';
import type { Context } from '../../context.js';
import { sessionKeyOf } from '../../../providers/target.js';
import { readInput } from '../../secrets.js';
import { isReadable, parseSessionFile, warnIfExposed, type SessionFile } from '../../session-file.js';
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
  await warnIfExposed(file, (text) => terminal.warn(text));
  await store.updateSession(key, () => record);
  terminal.result(
    { imported: true, provider, host, application },
    () => `The session of ${printable(application)} at ${printable(host)} is here now.`,
  );
  terminal.note(`See it with: stepup status${await flagsFor(context, parsed)}`);
}

/** The flags that name where the session belongs, on a machine that has no profile of it. Empty where the command's own target does. */
async function flagsFor(context: Context, { provider, host, application }: SessionFile): Promise<string> {
  const own = await context.target().then(sessionKeyOf, () => undefined);
  if (own?.provider === provider && own.host === host && own.application === application) return '';
  if (/^(?:localhost|127\.0\.0\.1|\[::1\])[:/]/.test(host)) return ` --provider ${provider} --emulator`;
  const flags = provider === 'prelude' ? ['--app', application, '--domain', host] : ['--environment', application];
  return ` --provider ${provider} ${flags.map((flag) => quoted(printable(flag))).join(' ')}`;
}
