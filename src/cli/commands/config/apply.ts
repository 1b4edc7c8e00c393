import { isDeepStrictEqual } from 'node:util';
import type { Command } from 'commander';
import { InputNeededError, InterruptedError, RefusedError, UnreachableError } from '../../../errors.js';
import type { Context } from '../../context.js';
import { changesBetween, type Change } from '../../stepup-file/changes.js';
import { countChanges, describeChanges } from '../../stepup-file/describe.js';
import { SECTIONS, type StepUpFile } from '../../stepup-file/document.js';
import { planOf, type Action } from '../../stepup-file/plan.js';
import { readStepUpFile } from '../../stepup-file/read.js';
import { takeSnapshot } from '../../stepup-file/snapshot.js';
import type { Handle } from '../../tree.js';

export interface Options {
  file?: string | undefined;
  dryRun?: boolean | undefined;
  /** Asks nothing. */
  yes?: boolean | undefined;
}

export function define(command: Command, handle: Handle): void {
  command
    .option('--file <file>', 'the file, as config export writes it; - for standard input')
    .option('--dry-run', 'show what differs, and change nothing')
    .option('--yes', 'apply it without asking')
    .addHelpText(
      'after',
      `
Makes the application be as the file says: scopes, step-up configuration, OTP login, password login. What the file has not in a
section is removed; a section that it leaves out stays as it is. Applied again, it does nothing.

Examples:
  $ stepup config apply --file stepup.json
  $ stepup config apply --file stepup.json --dry-run --json
  $ stepup config apply --file stepup.json --yes
`,
    )
    .action(handle((context, options: Options) => run(context, options)));
}

/**
 * Makes the application be as a file says. Throws UsageError DOCUMENT_INVALID (with line and column), FILE_UNREADABLE,
 * InputNeededError without `--file` or, without a terminal, `--yes`; RefusedError APPLICATION_CHANGED when it changed since the
 * difference was shown, NOT_OFFERED; and whatever a call in the middle threw, after what was done is said.
 */
export async function run(context: Context, { file: path, dryRun = false, yes = false }: Options): Promise<void> {
  const { terminal } = context;
  if (path === undefined) {
    throw new InputNeededError('INPUT_NEEDED', 'A file is needed that says how the application is to be.', {
      field: '--file',
      hint: 'Give it with --file FILE. Write one with: stepup config export --out stepup.json',
    });
  }
  const file = await readStepUpFile(context.system, path);
  const { appId } = await context.preludeTarget();
  const management = await context.management();
  const sections = SECTIONS.filter((section) => file[section] !== undefined);
  const read = () => takeSnapshot(management, sections);
  const snapshot = await terminal.progress('Reading the application', read);
  const changes = changesBetween(snapshot, file);
  noteUnregistered(context, file);

  const result = (changed: boolean) => ({ application: appId, changed, dryRun, differences: changes });
  if (changes.length === 0) {
    terminal.result(result(false), () => `Application ${appId} is as the file says: nothing to change.`);
    return;
  }
  const count = countChanges(changes);
  if (dryRun) {
    terminal.result(result(false), () => `${describeChanges(changes, terminal.out)}\n${count} (nothing was changed)`);
    return;
  }
  if (!(yes ? showChanges(context, changes) : await agreed(context, appId, changes))) {
    terminal.result(result(false), () => 'Nothing was changed.');
    return;
  }
  const now = await terminal.progress('Reading it again', read);
  if (!isDeepStrictEqual(now, snapshot)) {
    throw new RefusedError('APPLICATION_CHANGED', `Application ${appId} has changed since the difference was shown.`, {
      hint: 'Nothing was changed. Look at what differs now, with the same command.',
    });
  }
  await terminal.progress('Applying', () => carryOut(context, planOf(management, snapshot, file, changes)));
  terminal.result(result(true), () => `Application ${appId} is as the file says: ${count}.`);
}

function showChanges({ terminal }: Context, changes: Change[]): true {
  terminal.note(describeChanges(changes, terminal.err));
  return true;
}

/** Shows the difference to whoever is to agree, also with `--json`, and to the log of a job that cannot be asked. */
async function agreed({ terminal }: Context, appId: string, changes: Change[]): Promise<boolean> {
  terminal.warn(describeChanges(changes, terminal.err));
  return terminal.confirm(`Change application ${appId} so (${countChanges(changes)})?`, '--yes');
}

/** Does one after the other. When one fails, what was done, what may have been and what was not is said before it is thrown. */
async function carryOut({ terminal }: Context, actions: Action[]): Promise<void> {
  for (const [at, action] of actions.entries()) {
    try {
      await action.run();
    } catch (error) {
      const told = (list: Action[]): string => list.map(({ does }) => does).join('; ') || 'nothing';
      const unsure = error instanceof UnreachableError || error instanceof InterruptedError;
      terminal.warn(
        [
          `Done: ${told(actions.slice(0, at))}.`,
          ...(unsure ? [`Perhaps done: ${action.does}.`] : []),
          `Not done: ${told(actions.slice(unsure ? at + 1 : at))}.`,
          'The application works as far as that. The same command again does what is left.',
        ].join('\n'),
      );
      throw error;
    }
  }
}

function noteUnregistered({ terminal }: Context, { scopes, stepup }: StepUpFile): void {
  if (!scopes || !stepup) return;
  const missing = new Set(stepup.allowed_scopes.map(({ scope }) => scope).filter((scope) => !scopes.includes(scope)));
  if (missing.size === 0) return;
  terminal.note(`Allowed, but not among scopes, so that a request may be refused: ${[...missing].join(', ')}.`);
}
