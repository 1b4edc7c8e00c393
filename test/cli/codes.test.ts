import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { createCodeSource, type CodeFlags, type CodeStep } from '../../src/cli/codes.js';
import type { Question } from '../../src/cli/terminal/prompts.js';
import type { Env, Exit, Input, RunOptions } from '../../src/system.js';

const STEP: CodeStep = {
  challengeId: 'chl_1',
  key: 'verify_sms',
  channel: 'sms',
  scope: 'transfer:write',
  sentAt: '2026-01-02T03:04:05.000Z',
  resend: () => undefined,
};

interface World {
  stdin?: string;
  stdinIsTerminal?: boolean;
  env?: Env;
  exits?: Exit[];
  /** Answers of a person; absent: there is nobody. */
  typed?: string[];
  signal?: AbortSignal;
}

function printed(stdout: string, status: number | null = 0, timedOut = false): Exit {
  return { status, stdout, timedOut };
}

function source(flags: CodeFlags, world: World = {}) {
  const stdin: Input = new PassThrough();
  if (world.stdinIsTerminal) stdin.isTTY = true;
  if (world.stdin !== undefined) (stdin as PassThrough).end(world.stdin);
  const runs: { commandLine: string; options: RunOptions }[] = [];
  const questions: Question[] = [];
  const exits = [...(world.exits ?? [])];
  const typed = [...(world.typed ?? [])];
  const made = createCodeSource(
    {
      system: {
        env: world.env ?? {},
        stdin,
        signal: world.signal ?? new AbortController().signal,
        run: async (commandLine, options) => {
          runs.push({ commandLine, options });
          return exits.shift()!;
        },
      },
      terminal: {
        interactive: world.typed !== undefined,
        ask: async (question) => {
          questions.push(question);
          return typed.shift()!;
        },
      },
    },
    flags,
  );
  return { made, runs, questions, stdin };
}

describe('--code', () => {
  test('gives one value a step in order, each of them final', async () => {
    const { made } = source({ code: ['111111', '222222'] });
    expect(await made.next(STEP, [])).toEqual({ kind: 'code', code: '111111', final: true });
    expect(await made.next(STEP, [])).toEqual({ kind: 'code', code: '222222', final: true });
  });

  test('takes a code with the blanks that were pasted with it', async () => {
    const { made } = source({ code: [' 123 456 '] });
    expect(await made.next(STEP, [])).toMatchObject({ code: '123456' });
  });

  test.each(['', '12', 'x'.repeat(65), '12.34.56', 'resend'])('refuses %j at once, without repeating it', (value) => {
    expect(() => source({ code: [value] })).toThrowError(
      expect.objectContaining({
        code: 'FLAG_INVALID',
        field: '--code',
        message: '--code takes a code of 4 to 8 letters or digits.',
      }),
    );
  });

  test.each(['123456789', '12-34-56'])('refuses %j before a code is sent, without repeating it', (value) => {
    const { made } = source({ code: [value] });
    expect(() => made.ready('chl_1')).toThrowError(
      expect.objectContaining({
        code: 'FLAG_INVALID',
        field: '--code',
        message: '--code takes a code of 4 to 8 letters or digits.',
        hint: expect.stringContaining('stepup challenge continue chl_1'),
      }),
    );
  });

  test('takes a recovery code, which is longer, where the step takes one', async () => {
    const { made } = source({ code: ['abcd-1234-efgh'] });
    const accepts = { pattern: /^[\w-]{4,64}$/, words: '4 to 64 letters, digits or dashes' };
    expect(await made.next({ ...STEP, kind: 'recovery', accepts }, [])).toMatchObject({ code: 'abcd-1234-efgh' });
  });

  test('hands over to the prompt when its values are used up', async () => {
    const { made } = source({ code: ['111111'] }, { typed: ['222222'] });
    await made.next(STEP, []);
    made.ready('chl_1');
    expect(await made.next(STEP, [])).toEqual({ kind: 'code', code: '222222', final: false });
  });

  test('fails when its values are used up and there is nobody to ask', async () => {
    const { made } = source({ code: ['111111'] });
    made.ready('chl_1');
    await made.next(STEP, []);
    expect(() => made.ready('chl_1')).toThrowError(
      expect.objectContaining({ code: 'INPUT_NEEDED', field: '--code', hint: expect.stringContaining('chl_1') }),
    );
  });

  test('cannot be used together with --code-command', () => {
    expect(() => source({ code: ['111111'], codeCommand: 'x' })).toThrowError(
      expect.objectContaining({ code: 'FLAG_CONFLICT', field: '--code-command' }),
    );
  });
});

describe('--code -', () => {
  test('reads one code a line, passing over empty lines, and lets another try follow', async () => {
    const { made } = source({ code: ['-'] }, { stdin: '111111\r\n\n 222222\n' });
    made.ready('chl_1');
    expect(await made.next(STEP, [])).toEqual({ kind: 'code', code: '111111', final: false });
    expect(await made.next(STEP, ['111111'])).toEqual({ kind: 'code', code: '222222', final: false });
    await expect(made.next(STEP, [])).rejects.toMatchObject({ code: 'INPUT_NEEDED', field: '--code' });
  });

  test('reads nothing before a code is asked for', () => {
    const { made, stdin } = source({ code: ['-'] }, { stdin: '111111\n' });
    made.ready('chl_1');
    expect(stdin.readableFlowing).toBe(null);
  });

  test('refuses to read from the terminal', () => {
    const { made } = source({ code: ['-'] }, { stdinIsTerminal: true, typed: [] });
    expect(() => made.ready()).toThrowError(expect.objectContaining({ code: 'INPUT_NEEDED' }));
  });

  test('stands alone', () => {
    expect(() => source({ code: ['111111', '-'] })).toThrowError(expect.objectContaining({ code: 'FLAG_CONFLICT' }));
  });

  test('refuses a line that is no code, without repeating it', async () => {
    const { made } = source({ code: ['-'] }, { stdin: 'hunter2-hunter2\n' });
    await expect(made.next(STEP, [])).rejects.toSatisfy(
      (error: Error & { code: string }) => error.code === 'FLAG_INVALID' && !error.message.includes('hunter2'),
    );
  });

  test('is a wrong code when the lines end after a refused one', async () => {
    const { made } = source({ code: ['-'] }, { stdin: '111111\n' });
    await made.next(STEP, []);
    await expect(made.next(STEP, ['111111'])).rejects.toMatchObject({ code: 'CODE_WRONG' });
  });

  test('stops waiting on Ctrl-C', async () => {
    const stop = new AbortController();
    const { made } = source({ code: ['-'] }, { signal: stop.signal });
    const waiting = made.next(STEP, []);
    stop.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'INTERRUPTED' });
  });
});

test('standard input is never read unless - asks for it', async () => {
  const { made, stdin } = source({}, { stdin: '111111\n' });
  expect(() => made.ready()).toThrowError(expect.objectContaining({ code: 'INPUT_NEEDED' }));
  expect(stdin.readableFlowing).toBe(null);
});

describe('--code-command', () => {
  test.each([
    ['123 456', '123456'],
    ['12-34 56', undefined],
    ['echo hi', undefined],
  ])('%j is %j', async (printedText, code) => {
    const { made } = source({ codeCommand: 'x' }, { exits: [printed(`${printedText}\n`)] });
    const outcome = await made.next(STEP, []).then(
      (answer) => ('code' in answer ? answer.code : undefined),
      () => undefined,
    );
    expect(outcome).toBe(code);
  });

  test('takes the first line, and runs with the step in its environment, without any key, for at most 60 s', async () => {
    const env = {
      PATH: '/bin',
      STEPUP_PRELUDE_MANAGEMENT_KEY: 'sk_secret',
      STEPUP_MANAGEMENT_KEY_FILE: '/secret',
      STEPUP_EMULATOR_STORE: 'redis://:secret@127.0.0.1',
      STEPUP_EMULATOR_CONTROL_TOKEN: 'ctl',
      STEPUP_STEP: 'of an outer run',
    };
    const { made, runs } = source({ codeCommand: './code.sh' }, { env, exits: [printed(' 123456 \nmore\n')] });
    expect(await made.next(STEP, [])).toEqual({ kind: 'code', code: '123456', final: false });
    expect(runs[0]!.commandLine).toBe('./code.sh');
    expect(runs[0]!.options.timeoutMs).toBe(60_000);
    expect(runs[0]!.options.env).toEqual({
      PATH: '/bin',
      STEPUP_EMULATOR_CONTROL_TOKEN: 'ctl',
      STEPUP_CHALLENGE_ID: 'chl_1',
      STEPUP_STEP: 'verify_sms',
      STEPUP_SCOPE: 'transfer:write',
      STEPUP_SENT_AT: '2026-01-02T03:04:05.000Z',
      STEPUP_VERIFICATION_ID: '',
    });
  });

  test('names the emulator that was chosen, and drops the address of another', async () => {
    const runs: Env[] = [];
    const env = { STEPUP_HOME: '/home/s', STEPUP_EMULATOR_CONTROL_URL: 'http://127.0.0.1:1/__emulator' };
    const system = {
      env,
      stdin: new PassThrough(),
      signal: new AbortController().signal,
      run: async (_line: string, options: RunOptions) => {
        runs.push(options.env);
        return printed('123456');
      },
    };
    const terminal = { interactive: false, ask: async () => '' };
    const target = async () => ({ emulatorUrl: 'http://127.0.0.1:4780' });
    await createCodeSource({ system, terminal, target }, { codeCommand: 'x' }).next(STEP, []);
    expect(runs[0]).toMatchObject({ STEPUP_HOME: '/home/s', STEPUP_EMULATOR_URL: 'http://127.0.0.1:4780' });
    expect(runs[0]!.STEPUP_EMULATOR_CONTROL_URL).toBe(undefined);
  });

  test('gives empty facts while logging in', async () => {
    const { made, runs } = source({ codeCommand: 'x' }, { exits: [printed('123456')] });
    await made.next({ key: 'login', channel: 'sms' }, []);
    expect(runs[0]!.options.env).toEqual({
      STEPUP_CHALLENGE_ID: '',
      STEPUP_STEP: 'login',
      STEPUP_SCOPE: '',
      STEPUP_SENT_AT: '',
      STEPUP_VERIFICATION_ID: '',
    });
  });

  test.each([
    ['a status', printed('123456', 3), 'ended with status 3'],
    ['a signal', printed('123456', null), 'ended by a signal'],
    ['the time limit', printed('123456', null, true), 'longer than 60 s'],
    ['no output', printed('\n123456'), 'printed nothing'],
    ['no code', printed('Error: no such message'), 'no code'],
  ])('fails on %s, without the output', async (_what, exit, words) => {
    const { made } = source({ codeCommand: 'x' }, { exits: [exit] });
    const error = await made.next(STEP, []).catch((thrown: Error) => thrown);
    expect(error).toMatchObject({ code: 'CODE_COMMAND_FAILED', hint: expect.stringContaining('chl_1') });
    expect((error as Error).message).toContain(words);
    expect((error as Error).message).not.toMatch(/123456|no such/);
  });

  test('is not tried again with the code that was refused', async () => {
    const { made } = source({ codeCommand: 'x' }, { exits: [printed('111111'), printed('222222'), printed('111111')] });
    await made.next(STEP, []);
    expect(await made.next(STEP, ['111111'])).toMatchObject({ code: '222222' });
    await expect(made.next(STEP, ['111111', '222222'])).rejects.toMatchObject({
      code: 'CODE_WRONG',
      hint: expect.stringContaining('stepup challenge continue chl_1'),
    });
  });

  test('ends with Ctrl-C', async () => {
    const { made } = source({ codeCommand: 'x' }, { exits: [printed('', null)], signal: AbortSignal.abort() });
    await expect(made.next(STEP, [])).rejects.toMatchObject({ code: 'INTERRUPTED' });
  });
});

describe('the prompt', () => {
  test('says how the code was sent and for what, and takes resend', async () => {
    const { made, questions } = source({}, { typed: ['resend', '123 456'] });
    expect(await made.next(STEP, [])).toEqual({ kind: 'resend' });
    expect(await made.next(STEP, [])).toEqual({ kind: 'code', code: '123456', final: false });
    expect(questions[0]!.message).toBe('Code sent by SMS for transfer:write (or: resend)');
    expect(questions[0]!.problem!('12')).toContain('resend');
    expect(questions[0]!.problem!('resend')).toBe(undefined);
  });

  test('does not offer resend where there is none', async () => {
    const { made, questions } = source({}, { typed: ['123456'] });
    await made.next({ key: 'login', channel: 'email' }, []);
    expect(questions[0]!.message).toBe('Code sent by email to log in');
    expect(questions[0]!.problem!('resend')).toBe('A code has 4 to 8 letters or digits.');
  });
});
