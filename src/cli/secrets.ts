/** Secrets and documents that come from a file or from standard input, never as plain flags. */
import { readFile } from 'node:fs/promises';
import { FailedError, InputNeededError, InterruptedError, UsageError } from '../errors.js';
import { osReason } from '../os-reason.js';
import type { Env, System } from '../system.js';

const MAX_BYTES = 1024 * 1024;

/**
 * The text of a file, or of standard input for `-`. Throws UsageError FILE_UNREADABLE (its field is the flag), and
 * InputNeededError for `-` on a terminal.
 */
export async function readInput(system: Pick<System, 'stdin'>, path: string, flag: string): Promise<string> {
  if (path === '-') return readStandardInput(system, flag);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    throw new UsageError('FILE_UNREADABLE', `${flag}: cannot read ${path}: ${osReason(cause)}.`, {
      field: flag,
      cause,
    });
  }
  return withinLimit(text, flag);
}

/** One secret from a file or standard input, without the line end around it. Throws as `readInput`, and when it is empty. */
export async function readSecret(system: Pick<System, 'stdin'>, path: string, flag: string): Promise<string> {
  const secret = (await readInput(system, path, flag)).trim();
  if (secret === '')
    throw new UsageError('FLAG_INVALID', `${flag}: nothing is in ${path === '-' ? 'standard input' : path}.`, {
      field: flag,
    });
  return secret;
}

/** How long a command may take to print a secret. Milliseconds. */
const COMMAND_LIMIT_MS = 60_000;

/** An environment for a command of the user's: without what administers an application, or opens a store. */
export function withoutOurSecrets(env: Env): Env {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !/^STEPUP_(.*KEY|EMULATOR_STORE)/i.test(name)));
}

/**
 * The secret that a shell command prints on its first line. The command sees none of our own keys. Throws FailedError
 * CODE_COMMAND_FAILED, InterruptedError; `flag` is what gave the command, `facts` are variables that it sees beside ours.
 */
export async function printedBy(
  { env, run, signal }: Pick<System, 'env' | 'run' | 'signal'>,
  commandLine: string,
  flag: string,
  facts: Env = {},
): Promise<string> {
  const childEnv = { ...withoutOurSecrets(env), ...facts };
  const exit = await run(commandLine, { env: childEnv, timeoutMs: COMMAND_LIMIT_MS, signal });
  if (signal.aborted) throw new InterruptedError();
  const first = (exit.stdout.split('\n', 1)[0] ?? '').trim();
  if (exit.status === 0 && first !== '') return first;
  const why = exit.timedOut
    ? `took longer than ${COMMAND_LIMIT_MS / 1000} s`
    : exit.status === 0
      ? 'printed nothing'
      : exit.status === null
        ? 'was ended by a signal'
        : `ended with status ${exit.status}`;
  throw new FailedError('CODE_COMMAND_FAILED', `${flag} ${why}.`, { field: flag });
}

async function readStandardInput({ stdin }: Pick<System, 'stdin'>, flag: string): Promise<string> {
  if (stdin.isTTY) {
    throw new InputNeededError('INPUT_NEEDED', `${flag} - reads standard input, but that is the terminal.`, {
      field: flag,
    });
  }
  let text = '';
  for await (const chunk of stdin) text = withinLimit(text + String(chunk), flag);
  return text;
}

function withinLimit(text: string, flag: string): string {
  if (text.length > MAX_BYTES)
    throw new UsageError('FLAG_INVALID', `${flag}: more than 1 MB was given.`, { field: flag });
  return text;
}
