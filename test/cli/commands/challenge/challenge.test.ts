import { decodeJwt } from 'jose';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { SCOPE, startApplication, type Application } from '../../../support/application.js';

let app: Application;
beforeAll(async () => {
  app = await startApplication();
});
afterEach(() => app.reset());
afterAll(() => app.close());

/** Opens a challenge and leaves it before its code was sent. */
async function open(scope = SCOPE): Promise<string> {
  const { lines } = await app.run(['request', scope, '--json']);
  return lines<{ challengeId: string }>()[0]!.challengeId;
}

describe('challenge', () => {
  test('list shows the open ones, oldest first, also to a pipe', async () => {
    await app.allow({ scope: 'a:b' }, { scope: 'c:d', steps: ['verify_sms', 'kyc_review'] });
    await app.login();
    const now = Date.now();
    await app.run('request a:b', { now: () => now });
    await app.run('request c:d', { now: () => now + 1000 });
    const { challenges } = (await app.run('challenge list --json')).json<{ challenges: unknown[] }>();
    expect(challenges).toMatchObject([
      { scopeRequested: 'a:b', currentStep: 'verify_sms', steps: [{ key: 'verify_sms', done: false }] },
      { scopeRequested: 'c:d', steps: [{ key: 'verify_sms' }, { key: 'kyc_review' }] },
    ]);
    const rows = (await app.run('challenge list')).stdout.split('\n').map((row) => row.split('\t'));
    expect(rows[0]!.slice(1, 4)).toEqual(['a:b', 'verify_sms', '0/1']);
    expect(rows[1]!.slice(1, 4)).toEqual(['c:d', 'verify_sms', '0/2']);
    expect(rows[0]![4]).toMatch(/Z$/);
  });

  test('show and discard need no id when one is open', async () => {
    await app.allow({});
    await app.login();
    const id = await open();
    const shown = await app.run('challenge show --json');
    expect(shown.json()).toMatchObject({ challenge: { challengeId: id, scopeRequested: SCOPE } });
    expect((await app.run(['challenge', 'show', id])).stdout).toMatch(/\n {2}expires \S+Z \(.* left\)\n$/);
    expect((await app.run('challenge discard')).stdout).toBe(`Discarded the challenge ${id} for ${SCOPE}.\n`);
    const none = await app.run('challenge list');
    expect(none).toMatchObject({ status: 0, stdout: '', stderr: 'No challenge is open.\n' });
    expect((await app.run('challenge show --json')).error().code).toBe('CHALLENGE_UNKNOWN');
  });

  test('without an id, several are ambiguous and are named', async () => {
    await app.allow({});
    await app.login();
    const [first, second] = [await open(), await open()];
    for (const verb of ['show', 'continue', 'discard']) {
      const { status, error } = await app.run(['challenge', verb, '--json']);
      expect([status, error().code]).toEqual([2, 'CHALLENGE_AMBIGUOUS']);
      expect(error().message).toContain(first);
      expect(error().message).toContain(second);
    }
    expect((await app.run(['challenge', 'discard', first])).status).toBe(0);
    expect((await app.run('challenge show --json')).json()).toMatchObject({ challenge: { challengeId: second } });
  });

  test('an unknown id is 2, nobody logged in is 4', async () => {
    await app.login();
    for (const verb of ['show', 'continue', 'discard']) {
      const { status, error } = await app.run(['challenge', verb, 'chl_unknown', '--json']);
      expect([status, error().code]).toEqual([2, 'CHALLENGE_UNKNOWN']);
    }
    await app.run('logout');
    for (const verb of ['list', 'show', 'continue', 'discard']) {
      expect((await app.run(['challenge', verb, '--json'])).error().code).toBe('NOT_LOGGED_IN');
    }
  });

  test('continue sends the first code when none is under way, and goes on to the end', async () => {
    await app.allow({});
    await app.login();
    const id = await open();
    const { status, lines } = await app.run(['challenge', 'continue', '--code-command', 'inbox', '--json'], {
      run: app.shell,
    });
    expect(status).toBe(0);
    const events = lines<{ type: string; challengeId?: string; grant?: { token: string } }>();
    expect(events.map(({ type }) => type)).toEqual(['challenge', 'code-sent', 'step', 'challenge', 'granted']);
    expect(events[0]!.challengeId).toBe(id);
    expect(decodeJwt(events.at(-1)!.grant!.token)).toMatchObject({ scope: SCOPE });
  });

  test('continue takes resend at the prompt for a code that is under way', async () => {
    await app.allow({});
    await app.login();
    await open();
    await app.run('otp send');
    const { status } = await app.run('challenge continue', {
      answers: [
        ['Code sent by SMS for transfer:write (or: resend)', 'resend\r'],
        [/✔[^]*\? Code sent/, async () => `${(await app.newest()).code}\r`],
      ],
    });
    expect(status).toBe(0);
    expect(await app.control.messages({ purpose: 'step-up' })).toHaveLength(2);
  });

  test('one whose time is over is gone', async () => {
    await app.allow({ stepSeconds: 60 });
    await app.login();
    const id = await open();
    const later = (): number => Date.now() + 61_000;
    expect((await app.run('challenge list --json', { now: later })).json()).toEqual({ challenges: [] });
    const { status, error } = await app.run(['challenge', 'continue', id, '--json'], { now: later });
    expect([status, error().code]).toEqual([2, 'CHALLENGE_UNKNOWN']);
  });

  test('one that had too many wrong codes is over', async () => {
    await app.allow({});
    await app.login();
    const id = await open();
    await app.run('otp send');
    for (const code of ['0000000', '0000001', '0000002', '0000003', '0000004']) {
      expect((await app.run(['challenge', 'continue', '--json', '--code', code])).error().code).toBe('CODE_WRONG');
    }
    const { status, error } = await app.run(['challenge', 'continue', id, '--json', '--code', '0000005']);
    expect([status, error().code]).toEqual([3, 'CHALLENGE_OVER']);
    expect(error().hint).toContain(`stepup request ${SCOPE}`);
  });
});
