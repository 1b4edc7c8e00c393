import { readFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { constants } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import type { Ready } from '../../../emulator/emulator.js';
import { emulatorVariables } from '../../../emulator/environment.js';
import { FailedError } from '../../../errors.js';
import { osReason } from '../../../os-reason.js';
import type { Env } from '../../../system.js';
import type { Context } from '../../context.js';
import type { Handle } from '../../tree.js';
import { emulatorOptions, openEmulator, type EmulatorOptions } from './opening.js';

export function define(command: Command, handle: Handle): void {
  emulatorOptions(command.argument('<command...>', 'the command with its arguments, after --'), {
    http: '0',
    https: '0',
  })
    .usage('[options] -- COMMAND...')
    .addHelpText(
      'after',
      `
The command finds the emulator by its environment: STEPUP_EMULATOR_URL and STEPUP_EMULATOR_HTTPS_URL, STEPUP_PRELUDE_…,
STEPUP_DYNAMIC_…, STEPUP_EMULATOR_CONTROL_URL and …_TOKEN; NODE_EXTRA_CA_CERTS makes Node trust it. STEPUP_HOME is an
empty folder of its own. The status is the command's: 128 and the signal's number when a signal ended it, 127 when it
cannot be started.

Examples:
  $ stepup emulator exec -- npm test
  $ stepup emulator exec --seed seed.yaml -- npx playwright test
  $ stepup emulator exec -- sh -c 'stepup login --phone +33612345678 --code-command "stepup emulator messages --wait 5 --code-only"'
`,
    )
    .action(handle((context, words: string[], options: EmulatorOptions) => run(context, words, options)));
}

/**
 * Runs a command with an emulator of its own, and a store of its own that is removed afterwards; resolves with the command's status.
 * Throws what the start of an emulator throws (see `openEmulator`), FailedError COMMAND_NOT_STARTED, FILE_UNWRITABLE, InterruptedError
 * for a signal that comes before the command runs.
 */
export async function run(context: Context, words: string[], options: EmulatorOptions): Promise<number> {
  const { system } = context;
  const home = await makeHome(system.temporary);
  try {
    const emulator = await openEmulator(context, options, { home });
    try {
      const env = await environment(context, emulator.ready, home);
      system.signal.throwIfAborted();
      const end = await system.exec(words, { env });
      return 'status' in end ? end.status : 128 + constants.signals[end.signal];
    } finally {
      await emulator.close();
    }
  } finally {
    await rm(home, { recursive: true, force: true, maxRetries: 3 });
  }
}

async function makeHome(temporary: string): Promise<string> {
  try {
    return await mkdtemp(join(temporary, 'stepup-exec-'));
  } catch (error) {
    throw new FailedError('FILE_UNWRITABLE', `No folder can be made in ${temporary}: ${osReason(error)}.`, {
      cause: error,
    });
  }
}

/** What the caller had set for live services, and for a command within another command: secrets first of all. */
const LEFT_OUT =
  /^STEPUP_(HOME|PROFILE|STEP|SCOPE|SENT_AT|(CHALLENGE|VERIFICATION|USER)_ID|(PRELUDE|DYNAMIC|EMULATOR)_.*|.*(KEY|SECRET|TOKEN|PASSWORD).*)$/i;

async function environment(context: Context, ready: Ready, home: string): Promise<Env> {
  const { env } = context.system;
  return {
    ...Object.fromEntries(Object.entries(env).filter(([name]) => !LEFT_OUT.test(name))),
    ...emulatorVariables(ready),
    NODE_EXTRA_CA_CERTS: await certificates(context, ready.caCert, home),
    STEPUP_HOME: home,
  };
}

/** A file with the emulator's certificate and those of the caller's own `NODE_EXTRA_CA_CERTS`. */
async function certificates({ system, terminal }: Context, caCert: string, home: string): Promise<string> {
  const own = system.env.NODE_EXTRA_CA_CERTS;
  const texts = [await readFile(caCert, 'utf8')];
  if (own) {
    try {
      texts.push(await readFile(own, 'utf8'));
    } catch (error) {
      // As Node itself does: it says so and goes on.
      terminal.warn(`NODE_EXTRA_CA_CERTS: ${own} cannot be read: ${osReason(error)}.`);
    }
  }
  const file = join(home, 'ca.pem');
  await writeFile(file, texts.map((text) => `${text.trimEnd()}\n`).join(''), { mode: 0o600 });
  return file;
}
