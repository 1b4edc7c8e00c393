/** The guides: each command in them is run, in their order, on one emulator. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { freePort } from './backend/sample-hooks.js';
import { emulatorVariables } from '../src/emulator/environment.js';
import { writeReady } from '../src/store/emulators.js';
import { startTestEmulator } from './support/emulator.js';
import { stepup, temporaryHome, type RunOptions } from './support/stepup.js';

const read = (name: string): string => readFileSync(new URL(`../docs/${name}`, import.meta.url), 'utf8');

interface Line {
  words: string[];
  status: number;
  /** Whether its output goes into the line after it. */
  toNext: boolean;
  /** The file that its output goes into. */
  into?: string | undefined;
  /** What the page says that it prints. */
  printed?: string[];
}

/**
 * The lines of the blocks that are marked to be run. `|| test $? -eq N` is the status that a line ends with. A block that is marked as
 * printed is of the line before it.
 */
function linesOf(guide: string): Line[] {
  const lines: Line[] = [];
  for (const [, mark, block] of read(guide).matchAll(/<!-- (run|printed) -->\n\n```\w+\n([^]*?)```/g)) {
    if (mark === 'run') lines.push(...commandsOf(block!));
    else lines.at(-1)!.printed = rowsOf(block!);
  }
  return lines;
}

function commandsOf(block: string): Line[] {
  return block
    .split('\n')
    .map((line) => line.replace(/ +#.*/, '').trim())
    .filter(Boolean)
    .flatMap((line) => {
      const [command = '', expected] = line.split(/ \|\| test \$\? -eq /);
      const parts = command.split(' | ');
      return parts.map((part, at) => {
        const toNext = at < parts.length - 1;
        const [typed = '', into] = part.split(' > ');
        return { words: typed.split(/ +/).slice(1), status: toNext ? 0 : Number(expected ?? 0), toNext, into };
      });
    });
}

/** Lines as they can be compared: without the width of columns, the head of a table, what is left out, and how long it took. */
function rowsOf(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.replaceAll(/\s+/g, ' ').trim())
    .map((line) => line.replaceAll(/\b[\d.]+ m?s\b/g, 'N ms'))
    .filter((line) => !['', '…', 'CASE EXPECTED GOT'].includes(line));
}

const CODE_COMMANDS =
  /^(login --(phone|email)(?!.*--password)|request (?!.*--(no-input|method|detach))|mfa add|identifier add|password|passkey add|(fetch|token|probe|exec) .*--scope (?!.*--no-input))/;

/** What the pages say is there already. */
const FILES: Record<string, string> = { 'password.txt': 'correct horse battery 9\n' };

const GUIDES = [
  'prelude.md',
  'dynamic.md',
  'custom-steps.md',
  'logins.md',
  'account.md',
  'config-file.md',
  'backend.md',
  'emulator.md',
  'explain.md',
  'fetch.md',
  'exec.md',
  'probe.md',
  'two-people.md',
  'verify.md',
];

describe.each(GUIDES)('docs/%s', (guide) => {
  it('is run as it is written', async () => {
    const lines = linesOf(guide);
    expect(lines.length).toBeGreaterThan(7);
    const { home, remove } = await temporaryHome();
    // As when `stepup emulator start` has started it: known to the store, with its keys in there.
    const { emulator, control, stop } = await startTestEmulator({ folder: join(home, 'emulator') });
    await writeReady(home, Number(new URL(emulator.ready.url).port), { ...emulator.ready, pid: process.pid });
    await control.settings({ dynamic: { otpSends: 100 } });
    const at = `--emulator=${emulator.ready.url}`;
    const newest = async (): Promise<string> => (await control.messages()).at(-1)!.code;
    const run = async () => ({ status: 0, stdout: await newest(), timedOut: false });
    const hook = await startServer(['hook', 'serve', '--verdict', 'review', '--step', 'verify_sms', at], home);
    let keys: Awaited<ReturnType<typeof startServer>> | undefined;
    const folder = await writeFiles(guide, home);
    const [ownPort, jwksPort] = [String(await freePort()), String(await freePort())];
    if (guide === 'backend.md') await startOwnHook(folder, ownPort, jwksPort);
    const variables = { PORT: ownPort, ...emulatorVariables(emulator.ready) };
    if (guide === 'exec.md') await writeFiles('fetch.md', home);
    if (['fetch.md', 'exec.md', 'probe.md'].includes(guide)) await startOwn(folder, 'api.mjs', variables);
    if (guide === 'verify.md') await startOwn(await withPackage(folder), 'server.mjs', variables);
    let piped: string | undefined;
    let detached = '';
    for (const { words, status, toNext, into, printed = [] } of lines) {
      const typed: string[] = [];
      for (const word of words) {
        // The key that it serves is made by a line before.
        if (word.includes(':4791/')) keys ??= await startServer(['keys', 'serve'], home);
        if (word === '--emulator') typed.push(at);
        else if (word === 'CODE') typed.push(await newest());
        else if (word === 'ID') typed.push(detached);
        else if (word === '4792') typed.push(jwksPort);
        else if (/\.(json|pem|txt|xml)$/.test(word) && !word.includes('/')) typed.push(join(folder, word));
        else {
          typed.push(
            word
              .replace('http://127.0.0.1:4790', hook.url ?? '')
              .replace('http://127.0.0.1:4791', keys?.url ?? '')
              .replace('localhost:3000', `localhost:${ownPort}`),
          );
        }
      }
      // The page leaves out the usual port, which may be in use here.
      if (/^hook test(?!.*--jwks-port)/.test(words.join(' '))) typed.push('--jwks-port', jwksPort);
      const codes = CODE_COMMANDS.test(words.join(' ')) ? ['--code-command', 'phone'] : [];
      const stdin = piped === undefined ? {} : { stdin: piped };
      const outcome = await stepup(withCodes(typed, codes), {
        home,
        run,
        exec: running(folder),
        onStderr: browserOf(),
        ...stdin,
      });
      piped = toNext ? outcome.stdout : undefined;
      if (words.includes('--detach')) detached = outcome.stdout.trim();
      if (into !== undefined) await writeFile(join(folder, into), outcome.stdout);
      const line = words.join(' ');
      expect({ line, status: outcome.status, stderr: outcome.status === status ? '' : outcome.stderr }).toEqual({
        line,
        status,
        stderr: '',
      });
      const rows = rowsOf(outcome.stdout);
      expect({ line, rows, missing: printed.filter((row) => !rows.some((one) => one.startsWith(row))) }).toEqual({
        line,
        rows,
        missing: [],
      });
    }
    await keys?.stop();
    await hook.stop();
    await stop();
    await remove();
  });
});

/** What belongs to stepup stands before the words of a command that it runs. */
function withCodes(typed: string[], codes: string[]): string[] {
  const at = typed.indexOf('--');
  return at === -1 ? [...typed, ...codes] : [...typed.slice(0, at), ...codes, ...typed.slice(at)];
}

/** Runs what `exec` is given, in the folder of the page's files. */
function running(cwd: string): NonNullable<RunOptions['exec']> {
  return async ([command = '', ...args], { env, onStart }) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    child.once('spawn', () => onStart?.());
    const [status] = (await once(child, 'exit')) as [number];
    return { status };
  };
}

interface Served {
  url?: string;
}

/** The hook that a page shows, as a program of its own, until the test is over. Its key set is at `jwksPort`. */
async function startOwnHook(folder: string, port: string, jwksPort: string): Promise<void> {
  const jwksUrl = `http://127.0.0.1:${jwksPort}/.well-known/jwks.json`;
  await startOwn(folder, 'hook.mjs', { PORT: port, PRELUDE_JWKS_URL: jwksUrl, RECORD: '1' });
}

/** A program that a page shows, until the test is over. It prints when it is ready. */
async function startOwn(folder: string, file: string, variables: Record<string, string>): Promise<void> {
  const env = { ...process.env, ...variables };
  const child = spawn(process.execPath, [file], { cwd: folder, env, stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill());
  await new Promise<void>((ready, fail) => {
    child.stdout.once('data', () => ready());
    child.once('exit', (code) => fail(new Error(`${file} ended with ${code}`)));
  });
}

/** Makes the folder one that has the package, as it is built. */
async function withPackage(folder: string): Promise<string> {
  await mkdir(join(folder, 'node_modules'));
  await symlink(fileURLToPath(new URL('..', import.meta.url)), join(folder, 'node_modules', 'stepup'), 'junction');
  return folder;
}

/** A server command of ours, on a free port. */
async function startServer(argv: string[], home: string): Promise<Served & { stop(): Promise<void> }> {
  const stopping = new AbortController();
  let ready: (line: Served) => void;
  const isReady = new Promise<Served>((resolve) => (ready = resolve));
  const ended = stepup([...argv, '--port', '0', '--json'], {
    home,
    stdin: new PassThrough(),
    signal: stopping.signal,
    onStdout: (text) => {
      const event = JSON.parse(text.split('\n')[0]!) as Served & { type: string };
      if (event.type === 'ready') ready(event);
    },
  });
  return {
    ...(await Promise.race([isReady, ended.then(({ stderr }) => Promise.reject(new Error(stderr)))])),
    async stop() {
      stopping.abort();
      await ended;
    },
  };
}

/** A browser that goes where a login sends it, once. */
function browserOf(): (text: string) => void {
  let screen = '';
  let visited = false;
  return (text) => {
    screen += text;
    const [, url] = /Log in at: (\S+)\s/.exec(screen) ?? [];
    if (url === undefined || visited) return;
    visited = true;
    // What goes wrong there is told by the login itself.
    void fetch(url).catch(() => undefined);
  };
}

/** The files that a page shows, and those that it takes for granted. */
async function writeFiles(guide: string, home: string): Promise<string> {
  const shown = [...read(guide).matchAll(/<!-- file: (\S+) -->\n\n```\w+\n([^]*?)```/g)];
  const files = { ...FILES, ...Object.fromEntries(shown.map(([, name, text]) => [name!, text!])) };
  for (const [name, text] of Object.entries(files)) await writeFile(join(home, name), text);
  return home;
}
