import { decodeJwt } from 'jose';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { EMAIL, PHONE, SCOPE, startApplication, type Application } from '../../../support/application.js';

let app: Application;
beforeAll(async () => {
  app = await startApplication();
});
afterEach(() => app.reset());
afterAll(() => app.close());

async function open(): Promise<string> {
  const { lines } = await app.run(['request', SCOPE, '--json']);
  return lines<{ challengeId: string }>()[0]!.challengeId;
}

describe('otp', () => {
  test('send, retry and check do one step a command, to the grant', async () => {
    await app.addUser();
    await app.allow({ steps: ['verify_sms', 'verify_email'] });
    await app.login();
    const id = await open();

    const sent = await app.run(['otp', 'send', '--challenge', id, '--json']);
    expect(sent.json()).toEqual({
      codeSent: { challengeId: id, step: 'verify_sms', channel: 'sms', sentAt: expect.stringMatching(/Z$/) },
    });
    const again = await app.run('otp retry');
    expect(again.stdout).toBe(`Code sent by SMS. Check it with: stepup otp check --challenge ${id}\n`);
    expect(await app.control.messages({ purpose: 'step-up', to: PHONE })).toHaveLength(2);

    const first = await app.run(['otp', 'check', '--code', (await app.newest()).code, '--json']);
    expect(first.status).toBe(0);
    expect(first.json()).toMatchObject({
      challenge: {
        challengeId: id,
        currentStep: 'verify_email',
        steps: [
          { key: 'verify_sms', done: true },
          { key: 'verify_email', done: false },
        ],
      },
    });
    expect(Object.keys(first.json())).toEqual(['challenge']);

    await app.run('otp send');
    const { to, code } = await app.newest();
    expect(to).toBe(EMAIL);
    const last = await app.run('otp check --code - --json', { stdin: `${code}\n` });
    const { challenge, grant } = last.json<{ challenge: unknown; grant: { token: string } }>();
    expect(challenge).toMatchObject({ challengeId: id, currentStep: 'completed' });
    expect(decodeJwt(grant.token)).toMatchObject({ scope: SCOPE });
    expect((await app.run('challenge list --json')).json()).toEqual({ challenges: [] });
  });

  test('check prints the bare token to a pipe, and asks in a terminal', async () => {
    await app.allow({});
    await app.login();
    await open();
    await app.run('otp send');
    const { code } = await app.newest();
    const { status, stdout } = await app.run(['otp', 'check', '--code', code]);
    expect(status).toBe(0);
    expect(decodeJwt(stdout.trim())).toMatchObject({ scope: SCOPE });

    await open();
    await app.run('otp send');
    const asked = await app.run('otp check', {
      answers: [['Code for transfer:write', async () => `${(await app.newest()).code}\r`]],
    });
    expect(asked.status).toBe(0);
    expect(asked.stdout).toContain('Granted transfer:write');
  });

  test('a wrong code is 3 with the challenge kept, and nothing is tried twice', async () => {
    await app.allow({});
    await app.login();
    const id = await open();
    await app.run('otp send');
    const { status, error } = await app.run('otp check --json --code -', { stdin: '0000000\n0000001\n' });
    expect(status).toBe(3);
    expect(error()).toMatchObject({ code: 'CODE_WRONG', hint: expect.stringContaining(id) });
    expect((await app.run(['otp', 'check', '--code', (await app.newest()).code])).status).toBe(0);
  });

  test('without a code and a terminal is 5', async () => {
    await app.allow({});
    await app.login();
    await open();
    const { status, error } = await app.run('otp check --json', { stdin: '123456\n' });
    expect([status, error().code, error().field]).toEqual([5, 'INPUT_NEEDED', '--code']);
  });

  test.each(['send', 'retry', 'check --code 123456'])('%s: unknown, none, and nobody logged in', async (verb) => {
    expect((await app.run(`otp ${verb} --json`)).error().code).toBe('NOT_LOGGED_IN');
    await app.login();
    const none = await app.run(`otp ${verb} --json`);
    expect([none.status, none.error().code]).toEqual([2, 'CHALLENGE_UNKNOWN']);
    const unknown = await app.run(`otp ${verb} --json --challenge chl_unknown`);
    expect(unknown.error()).toMatchObject({ code: 'CHALLENGE_UNKNOWN', field: '--challenge' });
  });

  test.each(['send', 'retry', 'check --code 123456'])('%s has nothing to do at a custom step', async (verb) => {
    await app.allow({ steps: ['kyc_review'] });
    await app.login();
    await open();
    const { status, error } = await app.run(`otp ${verb} --json`);
    expect([status, error().code]).toEqual([2, 'STEP_UNSUPPORTED']);
  });

  test('send while the service limits the rate is 6, and can be repeated', async () => {
    await app.allow({});
    await app.login();
    await open();
    await app.control.fault({ match: { path: '/v1/session/otp' }, times: 1, do: { status: 429 } });
    const { status, error } = await app.run('otp send --json');
    expect([status, error().code]).toEqual([6, 'RATE_LIMITED']);
    expect((await app.run('otp send')).status).toBe(0);
  });
});
