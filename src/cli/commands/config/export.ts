import type { Command } from 'commander';
import { FailedError } from '../../../errors.js';
import { osCode, osReason } from '../../../os-reason.js';
import type { Management } from '../../../providers/prelude/management.js';
import { isNotOffered } from '../../../providers/prelude/management-login.js';
import type { Context } from '../../context.js';
import { unknownIn } from '../../stepup-file/carry.js';
import { SECTIONS } from '../../stepup-file/document.js';
import { takeSnapshot, type Snapshot } from '../../stepup-file/snapshot.js';
import { fileOf, fileText } from '../../stepup-file/write.js';
import type { Handle } from '../../tree.js';

export interface Options {
  out?: string | undefined;
}

export function define(command: Command, handle: Handle): void {
  command
    .option('--out <file>', 'the file to write; - for standard output, as without it')
    .addHelpText(
      'after',
      `
Writes the application as a file for config apply: the same bytes for the same application, so that it can be kept under version
control. It has no secrets and no ids.

Examples:
  $ stepup config export
  $ stepup config export --out stepup.json
`,
    )
    .action(handle((context, options: Options) => run(context, options)));
}

/** Writes the application as a file. Throws RefusedError MANAGEMENT_KEY_REFUSED, APPLICATION_UNKNOWN, FailedError FILE_UNWRITABLE. */
export async function run(context: Context, { out }: Options): Promise<void> {
  const { terminal } = context;
  const { appId } = await context.preludeTarget();
  const management = await context.management();
  const snapshot = await terminal.progress('Reading the application', () => readAll(context, management));
  const file = fileOf(snapshot);
  warnOfLoss(context, snapshot);
  if (out === undefined || out === '-') {
    terminal.result(file, fileText);
    return;
  }
  await writeFile(out, `${fileText(file)}\n`);
  const sections = SECTIONS.filter((section) => file[section] !== undefined);
  terminal.result(
    { application: appId, file: out, sections },
    () => `Application ${appId} is written to ${out}: ${sections.join(', ')}.`,
  );
}

async function readAll({ terminal }: Context, management: Management): Promise<Snapshot> {
  const snapshot = await takeSnapshot(management, ['scopes', 'stepup', 'login_otp']);
  try {
    return { ...snapshot, ...(await takeSnapshot(management, ['login_password'])) };
  } catch (error) {
    if (!isNotOffered(error)) throw error;
    terminal.warn(`login_password is left out: ${error.message}`);
    return snapshot;
  }
}

function warnOfLoss({ terminal }: Context, { stepup, login_otp = [], login_password }: Snapshot): void {
  const lost = [
    ...(stepup ? unknownIn('stepup', stepup).map((field) => `stepup.${field}`) : []),
    ...login_otp.flatMap((login) => unknownIn('login_otp', login).map((field) => `login_otp.${login.id}.${field}`)),
    ...(login_password ? unknownIn('login_password', login_password).map((field) => `login_password.${field}`) : []),
  ];
  if (lost.length === 0) return;
  terminal.warn(`The service has more than the file can say, which config apply leaves as it is: ${lost.join(', ')}.`);
}

async function writeFile(path: string, text: string): Promise<void> {
  const { default: writeFileAtomic } = await import('write-file-atomic');
  try {
    await writeFileAtomic(path, text);
  } catch (cause) {
    if (osCode(cause) === undefined) throw cause;
    throw new FailedError('FILE_UNWRITABLE', `--out: cannot write ${path}: ${osReason(cause)}.`, {
      field: '--out',
      cause,
    });
  }
}
