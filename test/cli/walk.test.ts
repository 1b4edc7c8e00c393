import { PassThrough, Writable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { createCodeSource, type CodeFlags } from '../../src/cli/codes.js';
import { createTerminal } from '../../src/cli/terminal/terminal.js';
import { walk } from '../../src/cli/walk.js';
import { UnreachableError } from '../../src/errors.js';
import type { Challenge, PendingStep, StepAnswer, StepEvent, StepKind } from '../../src/providers/provider.js';
import type { Output } from '../../src/system.js';

/** What the walk did to the provider, in order. */
type Deed = StepAnswer | 'resend' | 'left';

const CHALLENGE: Challenge = {
  challengeId: 'chl_1',
  scopeRequested: 'transfer:write',
  currentStep: 'verify_sms',
  steps: [{ order: 1, key: 'verify_sms', kind: 'otp', done: false, expirationDuration: 300 }],
  userId: 'usr_1',
  sessionId: 'ses_1',
  expiresAt: '2026-01-02T03:09:05.000Z',
};
const COMPLETED: StepEvent = { type: 'challenge', challenge: { ...CHALLENGE, currentStep: 'completed' } };
const GRANTED: StepEvent = {
  type: 'granted',
  grant: {
    scopes: ['transfer:write'],
    token: 'eyJ-token',
    expiresAt: '2026-01-02T03:05:05.000Z',
    grantedAt: '2026-01-02T03:04:05.000Z',
    singleUse: true,
    factors: ['verify_sms'],
  },
};
const SENT: StepEvent = { type: 'code-sent', step: 'verify_sms', channel: 'sms', sentAt: '2026-01-02T03:04:05.000Z' };
const REFUSED: StepEvent = { type: 'step-refused', key: 'verify_sms', code: 'bad_check_code', message: 'no' };

async function play(
  script: (step: (kind?: StepKind) => StepEvent) => (StepEvent | Error)[],
  flags: CodeFlags,
  stdin?: string,
) {
  const deeds: Deed[] = [];
  const shown: string[] = [];
  const step = (kind: StepKind = 'otp'): StepEvent => {
    const pending: PendingStep = {
      challengeId: 'chl_1',
      key: kind === 'custom' ? 'kyc_review' : 'verify_sms',
      kind,
      choices: [],
      scope: 'transfer:write',
      answer: (answer) => void deeds.push(answer),
      resend: () => void deeds.push('resend'),
    };
    return { type: 'step', step: pending };
  };
  async function* events(): AsyncGenerator<StepEvent, void> {
    try {
      for (const event of script(step)) {
        if (event instanceof Error) throw event;
        yield event;
      }
    } finally {
      deeds.push('left');
    }
  }
  let stderr = '';
  const sink = (): Output =>
    new Writable({
      write(chunk, _encoding, done) {
        stderr += String(chunk);
        done();
      },
    });
  const input = new PassThrough();
  if (stdin !== undefined) input.end(stdin);
  const system = {
    argv: [],
    env: {},
    stdin: input,
    stdout: sink(),
    stderr: sink(),
    home: '/nowhere',
    temporary: '/nowhere',
    pid: 1,
    ownsProcess: false,
    fetch,
    now: () => Date.parse('2026-01-02T03:04:05.000Z'),
    randomBytes: (size: number) => new Uint8Array(size),
    sleep: async () => undefined,
    run: async () => ({ status: 0, stdout: '', timedOut: false }),
    exec: async () => ({ status: 0 }),
    signal: new AbortController().signal,
  };
  const terminal = await createTerminal(system, { json: false, input: true });
  const outcome = await walk(
    { terminal },
    events(),
    { codes: createCodeSource({ system, terminal }, flags) },
    (event) => shown.push(event.type),
  ).catch((error: unknown) => error);
  return { outcome, deeds, shown, stderr };
}

const start: StepEvent = { type: 'challenge', challenge: CHALLENGE };

describe('walk', () => {
  test('shows every event in order, answers the step and ends with the grant', async () => {
    const { outcome, deeds, shown } = await play((step) => [start, SENT, step(), COMPLETED, GRANTED], {
      code: ['123456'],
    });
    expect(outcome).toBe(GRANTED);
    expect(deeds).toEqual([{ code: '123456' }, 'left']);
    expect(shown).toEqual(['challenge', 'code-sent', 'step', 'challenge', 'granted']);
  });

  test('gives up on a refused --code at once and names the challenge', async () => {
    const { outcome, deeds } = await play((step) => [start, SENT, step(), REFUSED, step(), GRANTED], {
      code: ['111111', '222222'],
    });
    expect(outcome).toMatchObject({
      code: 'CODE_WRONG',
      serviceCode: 'bad_check_code',
      hint: 'The challenge is kept. Go on with: stepup challenge continue chl_1',
    });
    expect(deeds).toEqual([{ code: '111111' }, 'left']);
  });

  test('gives standard input three tries at one step', async () => {
    const script = (step: () => StepEvent) => [
      start,
      SENT,
      step(),
      REFUSED,
      step(),
      REFUSED,
      step(),
      REFUSED,
      step(),
      GRANTED,
    ];
    const { outcome, deeds } = await play(script, { code: ['-'] }, '111111\n222222\n333333\n444444\n');
    expect(outcome).toMatchObject({ code: 'CODE_WRONG' });
    expect(deeds).toEqual([{ code: '111111' }, { code: '222222' }, { code: '333333' }, 'left']);
  });

  test('counts the tries of each step on its own', async () => {
    const next: StepEvent = { type: 'challenge', challenge: { ...CHALLENGE, currentStep: 'verify_email' } };
    const script = (step: () => StepEvent) => [
      start,
      step(),
      REFUSED,
      step(),
      REFUSED,
      step(),
      next,
      step(),
      REFUSED,
      step(),
      COMPLETED,
      GRANTED,
    ];
    const { outcome } = await play(script, { code: ['-'] }, '111111\n222222\n333333\n444444\n555555\n');
    expect(outcome).toBe(GRANTED);
  });

  test('leaves before the code is sent when nobody could give one', async () => {
    const { outcome, deeds, shown } = await play(() => [start, new TypeError('went on and sent a code')], {});
    expect(outcome).toMatchObject({ code: 'INPUT_NEEDED', field: '--code', hint: expect.stringContaining('chl_1') });
    expect(deeds).toEqual(['left']);
    expect(shown).toEqual(['challenge']);
  });

  test('needs no code for a scope that is granted at once', async () => {
    expect((await play(() => [COMPLETED, GRANTED], {})).outcome).toBe(GRANTED);
    expect((await play(() => [GRANTED], {})).outcome).toBe(GRANTED);
  });

  test('refuses a blocked scope', async () => {
    const { outcome } = await play(() => [{ type: 'blocked', scopes: ['transfer:write'] }], {});
    expect(outcome).toMatchObject({ code: 'CHALLENGE_BLOCKED' });
  });

  test('keeps the challenge of a step that it cannot do', async () => {
    const custom: StepEvent = { type: 'challenge', challenge: { ...CHALLENGE, currentStep: 'kyc_review' } };
    const { outcome, deeds } = await play((step) => [custom, step('custom')], {});
    expect(outcome).toMatchObject({
      code: 'STEP_UNSUPPORTED',
      message: expect.stringContaining('kyc_review'),
      hint: expect.stringContaining('chl_1'),
    });
    expect(deeds).toEqual(['left']);
  });

  test('says which challenge is kept when the service goes away', async () => {
    const away = new UnreachableError('SERVICE_UNREACHABLE', 'gone');
    const { outcome, stderr } = await play((step) => [start, SENT, step(), away], { code: ['123456'] });
    expect(outcome).toBe(away);
    expect(stderr).toContain('stepup challenge continue chl_1');
  });

  test('does not take an end without an outcome for a success', async () => {
    expect((await play(() => [start], { code: ['123456'] })).outcome).toBeInstanceOf(TypeError);
  });
});
