import { PassThrough, Writable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { createTerminal, type Terminal } from '../../src/cli/terminal/terminal.js';
import { wantsColour } from '../../src/cli/terminal/style.js';
import type { Env, Input, Output, System } from '../../src/system.js';
import { plain } from '../support/stepup.js';

interface Stage {
  terminal: Terminal;
  stdin: PassThrough;
  interrupt(): void;
  stdout(): string;
  stderr(): string;
  /** Whether the cursor is to be seen, by what was written. */
  cursorShown(): boolean;
}

/** A terminal on streams of the test's own. */
async function stage(
  options: { tty?: boolean; columns?: number; json?: boolean; input?: boolean; env?: Env } = {},
): Promise<Stage> {
  const { tty = false, columns, json = false, input = true, env = {} } = options;
  const abort = new AbortController();
  const stdin: PassThrough & Input & { setRawMode?: () => void } = new PassThrough();
  const [stdout, stderr] = [sink(tty, columns), sink(tty, columns)];
  if (tty) Object.assign(stdin, { isTTY: true, setRawMode: () => undefined });
  const system = {
    argv: [],
    env,
    stdin,
    stdout: stdout.stream,
    stderr: stderr.stream,
    signal: abort.signal,
    sleep: (ms: number, signal?: AbortSignal) => pause(ms, undefined, signal ? { signal } : {}),
  } as unknown as System;
  const terminal = await createTerminal(system, { json, input });
  return {
    terminal,
    stdin,
    interrupt: () => abort.abort(),
    stdout: stdout.text,
    stderr: () => plain(stderr.text()),
    cursorShown: () => stderr.text().lastIndexOf('\u001b[?25h') >= stderr.text().lastIndexOf('\u001b[?25l'),
  };
}

function sink(tty: boolean, columns = 80): { stream: Output; text(): string } {
  let all = '';
  const stream: Output = new Writable({
    write(chunk: Buffer, _encoding, done) {
      all += chunk.toString('utf8');
      done();
    },
  });
  if (tty) Object.assign(stream, { isTTY: true, columns });
  return { stream, text: () => all };
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await pause(5);
}

const columns = [
  { title: 'NAME', value: (row: { name: string; note: string }) => row.name },
  { title: 'NOTE', value: (row: { name: string; note: string }) => row.note },
];
const rows = [
  { name: 'a', note: 'one\ttwo' },
  { name: 'longer', note: 'three' },
];

describe('output', () => {
  test('a result is text, or its bare value in a pipe, or JSON', async () => {
    const print = (to: Stage): void =>
      to.terminal.result(
        { token: 'x' },
        () => 'The token is x.',
        ({ token }) => token,
      );
    const [person, pipe, script] = [await stage({ tty: true }), await stage(), await stage({ json: true })];
    [person, pipe, script].forEach(print);
    expect([person.stdout(), pipe.stdout(), script.stdout()]).toEqual(['The token is x.\n', 'x\n', '{"token":"x"}\n']);
    expect([person, pipe, script].map(({ stderr }) => stderr())).toEqual(['', '', '']);
  });

  test('a list is a table, or tab-separated rows whose tabs are blanks, or an object', async () => {
    const [person, pipe, script] = [
      await stage({ tty: true, env: { NO_COLOR: '1' } }),
      await stage(),
      await stage({ json: true }),
    ];
    for (const { terminal } of [person, pipe, script]) await terminal.list({ rows }, rows, columns, 'None.');
    expect(person.stdout().split('\n')[0]).toBe('NAME    NOTE');
    expect(person.stdout().split('\n')[2]).toBe('longer  three');
    expect(pipe.stdout()).toBe('a\tone two\nlonger\tthree\n');
    expect(JSON.parse(script.stdout())).toEqual({ rows });
  });

  test('an empty list says so on standard error', async () => {
    const pipe = await stage();
    await pipe.terminal.list({ rows: [] }, [], columns, 'None.');
    expect([pipe.stdout(), pipe.stderr()]).toEqual(['', 'None.\n']);
  });

  test('notes and events go to standard error, or the event is a line of JSON and the note is not said', async () => {
    const [pipe, script] = [await stage(), await stage({ json: true })];
    for (const { terminal } of [pipe, script]) {
      terminal.note('a note');
      terminal.event({ type: 'x' }, 'an event');
      terminal.warn('a warning');
    }
    expect([pipe.stdout(), pipe.stderr()]).toEqual(['', 'a note\nan event\na warning\n']);
    expect([script.stdout(), script.stderr()]).toEqual(['{"type":"x"}\n', 'a warning\n']);
  });

  test('work that is waited for gives its result, and its error', async () => {
    for (const options of [{}, { tty: true }, { tty: true, env: { CI: '1' } }]) {
      const { terminal } = await stage(options);
      expect(await terminal.progress('Waiting', async () => 7)).toBe(7);
      await expect(terminal.progress('Waiting', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    }
  });

  test('a terminal that does not know its width gets no spinner, which would draw for ever', async () => {
    const { terminal, stderr } = await stage({ tty: true, columns: 0 });
    expect(await terminal.progress('Waiting', () => new Promise((done) => setTimeout(done, 400, 7)))).toBe(7);
    expect(stderr()).toBe('');
  });
});

describe('colour', () => {
  const to = (isTTY: boolean): Output => Object.assign(new PassThrough(), { isTTY });
  test.each<[string, Env, boolean, boolean]>([
    ['a terminal', {}, true, true],
    ['a pipe', {}, false, false],
    ['NO_COLOR', { NO_COLOR: '1', FORCE_COLOR: '1' }, true, false],
    ['FORCE_COLOR', { FORCE_COLOR: '1' }, false, true],
    ['FORCE_COLOR=0', { FORCE_COLOR: '0' }, true, false],
    ['TERM=dumb', { TERM: 'dumb' }, true, false],
    ['CI', { CI: 'true' }, true, false],
  ])('%s', (_, env, tty, wanted) => {
    expect(wantsColour(env, to(tty))).toBe(wanted);
  });
});

describe('without a terminal, or with --no-input, nothing waits', () => {
  test.each([{}, { tty: true, input: false }])('%j', async (options) => {
    const { terminal } = await stage(options);
    const questions = [
      () => terminal.ask({ message: 'Phone', flag: '--phone' }),
      () => terminal.choose('Profile', '--profile', [{ value: 'a', label: 'a' }]),
      () => terminal.confirm('Sure?', '--yes'),
    ];
    for (const [at, flag] of ['--phone', '--profile', '--yes'].entries()) {
      await expect(questions[at]!()).rejects.toMatchObject({
        name: 'InputNeededError',
        code: 'INPUT_NEEDED',
        field: flag,
      });
    }
  });
});

describe('prompts', () => {
  test('an answer is checked, and asked for again', async () => {
    const { terminal, stdin, stderr } = await stage({ tty: true });
    const problem = (text: string): string | undefined => (text === 'b' ? undefined : 'Only b.');
    const answer = terminal.ask({ message: 'Letter', flag: '--letter', problem });
    await until(() => stderr().includes('Letter'));
    stdin.write('a\r');
    await until(() => stderr().includes('Only b.'));
    stdin.write('\u007fb\r');
    expect(await answer).toBe('b');
  });

  test('a secret is not shown', async () => {
    const { terminal, stdin, stdout, stderr } = await stage({ tty: true });
    const answer = terminal.ask({ message: 'Key', flag: '--key', secret: true });
    await until(() => stderr().includes('Key'));
    stdin.write('sk_live');
    stdin.write('\u0014'); // Ctrl-T
    stdin.write('_secret\r');
    expect(await answer).toBe('sk_live_secret');
    // Not even how long it is.
    expect(stdout() + stderr()).not.toMatch(/secret|sk_|\*|ctrl/);
  });

  test.each<[string, (terminal: Terminal) => Promise<unknown>]>([
    ['a line', (terminal) => terminal.ask({ message: 'Question', flag: '--x' })],
    ['a secret', (terminal) => terminal.ask({ message: 'Question', flag: '--x', secret: true })],
    ['a choice', (terminal) => terminal.choose('Question', '--x', [{ value: 'a', label: 'a' }])],
    ['a consent', (terminal) => terminal.confirm('Question', '--x')],
  ])('%s: Ctrl-C is an interruption, typed or as a signal, and the cursor is shown again', async (_, ask) => {
    for (const leave of [(at: Stage) => void at.stdin.write('\u0003'), (at: Stage) => at.interrupt()]) {
      const at = await stage({ tty: true });
      const thrown = ask(at.terminal).catch((error: unknown) => error);
      await until(() => at.stderr().includes('Question'));
      leave(at);
      expect(await thrown).toMatchObject({ name: 'InterruptedError', code: 'INTERRUPTED' });
      expect(at.cursorShown()).toBe(true);
    }
  });
});
