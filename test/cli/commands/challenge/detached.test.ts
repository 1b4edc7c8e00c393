import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { InterruptedError } from '../../../../src/errors.js';
import { SCOPE, startApplication, type Application } from '../../../support/application.js';
import { startEnvironment, type Environment } from '../../../support/dynamic-application.js';
import type { Outcome } from '../../../support/stepup.js';

let app: Application;
let env: Environment;
beforeAll(async () => {
  [app, env] = await Promise.all([startApplication(), startEnvironment()]);
});
afterEach(() => Promise.all([app.reset(), env.reset()]));
afterAll(() => Promise.all([app.close(), env.close()]));

type One = Pick<Application, 'run' | 'newest' | 'shell' | 'home'>;

interface Case {
  scope: string;
  /** Logs in, with a scope that takes one code. */
  begin(): Promise<One>;
}

const cases: [string, Case][] = [
  [
    'Prelude',
    {
      scope: SCOPE,
      async begin() {
        await app.allow({});
        await app.login();
        return app;
      },
    },
  ],
  [
    'Dynamic',
    {
      scope: 'wallet:export',
      async begin() {
        await env.login();
        return env;
      },
    },
  ],
];

const METADATA = ['--metadata', 'amount=500', 'payee=Acme'];

async function detach(one: One, scope: string): Promise<string> {
  const { status, stdout, stderr } = await one.run(['request', scope, ...METADATA, '--detach']);
  expect({ status, stderr }).toMatchObject({ status: 0 });
  return stdout.trim();
}

/** Ends the challenge as another process would. */
const answer = (one: One, id: string): Promise<Outcome> =>
  one.run(['challenge', 'continue', id, '--code-command', 'phone', '--json'], { run: one.shell });

describe.each(cases)('one elevation, two people, at %s', (_provider, { scope, begin }) => {
  test('the one who starts it sends nothing and is told what is to be done', async () => {
    const one = await begin();
    const before = await messages(one);
    const { status, json } = await one.run(['request', scope, ...METADATA, '--detach', '--json']);
    expect(status).toBe(0);
    const { challenge, ...commands } = json<{ challenge: { challengeId: string } }>();
    const id = challenge.challengeId;
    expect(challenge).toMatchObject({
      scopeRequested: scope,
      metadata: { amount: '500', payee: 'Acme' },
      detached: true,
      steps: [{ done: false }],
    });
    expect(commands).toEqual({
      continueWith: expect.stringMatching(new RegExp(`^stepup challenge continue ${id} .*--emulator=`)),
      waitWith: expect.stringMatching(new RegExp(`^stepup challenge wait ${id} .*--emulator=`)),
    });
    expect(await messages(one)).toBe(before);
    expect((await one.run('challenge list --json')).json()).toMatchObject({ challenges: [{ challengeId: id }] });
  });

  test('a pipe gets the id alone, the rest is on standard error', async () => {
    const one = await begin();
    const { stdout, stderr } = await one.run(['request', scope, ...METADATA, '--detach']);
    expect(stdout).toMatch(/^\S+\n$/);
    const id = stdout.trim();
    expect(stderr).toContain('  metadata amount=500\n  metadata payee=Acme\n');
    expect(stderr).toContain(`Who answers it types: stepup challenge continue ${id} `);
    expect(stderr).toContain(`Who waits for it types: stepup challenge wait ${id} `);
  });

  test('the waiter is told of the grant, without its token or a code, and so is each that waits or comes late', async () => {
    const one = await begin();
    const id = await detach(one, scope);
    const waiting = [1, 2].map(() => one.run(['challenge', 'wait', id, '--json']));
    const answered = await answer(one, id);
    const granted = answered.lines<{ type: string; grant: { expiresAt: string } }>();
    const { expiresAt } = granted.find(({ type }) => type === 'granted')!.grant;
    // It is for whoever has asked.
    expect(answered.stdout).not.toContain('eyJ');
    const late = one.run(['challenge', 'wait', id, '--json']);
    for (const outcome of await Promise.all([...waiting, late])) {
      expect(outcome.status).toBe(0);
      expect(outcome.json()).toMatchObject({
        challengeId: id,
        outcome: 'granted',
        grant: { scopes: [scope], expiresAt, factors: [expect.stringMatching(/^verify_/)] },
      });
      expect(outcome.stdout + outcome.stderr).not.toContain('eyJ');
      expect(outcome.stdout + outcome.stderr).not.toContain((await one.newest()).code);
    }
    const bare = await one.run(['challenge', 'wait', id]);
    expect(bare.stdout).toBe(`${scope}\t${expiresAt}\n`);
    expect(bare.stderr).toContain(`Get its token with: stepup token --scope ${scope}`);
  });

  test('the one who answers sees what it is for, and agrees before the code is sent', async () => {
    const one = await begin();
    const id = await detach(one, scope);
    const before = await messages(one);
    let asked = -1;
    const { status, stderr } = await one.run(['challenge', 'continue', id], {
      answers: [
        [
          'Go on? No discards the challenge',
          async () => {
            asked = await messages(one);
            return 'y\r';
          },
        ],
        [/Code sent by/, async () => `${(await one.newest()).code}\r`],
      ],
    });
    expect({ status, sentBeforeConsent: asked - before }).toEqual({ status: 0, sentBeforeConsent: 0 });
    expect(stderr).toContain(`You are asked to approve ${scope}:\n  metadata amount=500\n  metadata payee=Acme\n`);
    expect(await messages(one)).toBe(before + 1);
  });

  test('whoever declines discards it, and the waiter is told', async () => {
    const one = await begin();
    const id = await detach(one, scope);
    const waiting = one.run(['challenge', 'wait', id, '--json']);
    const before = await messages(one);
    const declined = await one.run(['challenge', 'continue', id], { answers: [['Go on?', 'n\r']] });
    expect(declined.status).toBe(3);
    expect(declined.stderr).toContain(`You declined ${scope}: the challenge is discarded.`);
    const { status, error, stdout } = await waiting;
    expect({ status, stdout, code: error().code }).toEqual({ status: 3, stdout: '', code: 'CHALLENGE_DISCARDED' });
    expect(await messages(one)).toBe(before);
  });

  test('without a terminal --yes or a code flag is the consent, and nothing is sent without', async () => {
    const one = await begin();
    const id = await detach(one, scope);
    const before = await messages(one);
    const refused = await one.run(['challenge', 'continue', id, '--json']);
    expect([refused.status, refused.error().field]).toEqual([5, '--yes']);
    expect(await messages(one)).toBe(before);
    const agreed = await one.run(['challenge', 'continue', id, '--yes', '--json']);
    expect([agreed.status, agreed.error().field]).toEqual([5, '--code']);
    const { status, stderr } = await one.run(['challenge', 'continue', id, '--code-command', 'phone'], {
      run: one.shell,
    });
    expect(status).toBe(0);
    expect(stderr).toContain('  metadata amount=500\n');
  });

  test('no other command sends its code, or takes it: nobody would have seen what it is for', async () => {
    const one = await begin();
    const id = await detach(one, scope);
    const before = await messages(one);
    const others = [
      ['otp', 'send'],
      ['otp', 'send', '--challenge', id],
      ['otp', 'retry'],
      ['otp', 'check', '--code', '123456'],
    ];
    for (const command of others) {
      const refused = await one.run([...command, '--json']);
      expect([refused.status, refused.error().hint]).toEqual([5, expect.stringContaining(`challenge continue ${id}`)]);
    }
    expect(await messages(one)).toBe(before);
    expect((await answer(one, id)).status).toBe(0);
  });

  test('a person or a pipe that answers gets its words, and no token', async () => {
    const one = await begin();
    const id = await detach(one, scope);
    const { status, stdout, stderr } = await one.run(['challenge', 'continue', id, '--code-command', 'phone'], {
      run: one.shell,
    });
    expect({ status, stdout }).toEqual({ status: 0, stdout: '' });
    expect(stderr).toContain(`Granted ${scope} until `);
  });

  test('a terminal with --yes asks for the code alone', async () => {
    const one = await begin();
    const id = await detach(one, scope);
    const { status, stderr } = await one.run(['challenge', 'continue', id, '--yes'], {
      answers: [[/Code sent by/, async () => `${(await one.newest()).code}\r`]],
    });
    expect(status).toBe(0);
    expect(stderr).not.toContain('Go on?');
  });

  test('one that is not detached is gone on with as ever', async () => {
    const one = await begin();
    await one.run(['request', scope, '--json']);
    const { status, stderr } = await one.run('challenge continue', {
      answers: [[/Code sent by/, async () => `${(await one.newest()).code}\r`]],
    });
    expect(status).toBe(0);
    expect(stderr).not.toContain('approve');
  });

  test.each(['discard', 'reset'])('%s ends the wait with 3', async (how) => {
    const one = await begin();
    const id = await detach(one, scope);
    const waiting = one.run(['challenge', 'wait', id, '--json']);
    await one.run(how === 'reset' ? ['reset'] : ['challenge', 'discard', id]);
    const { status, error } = await waiting;
    expect([status, error().code]).toEqual([3, 'CHALLENGE_DISCARDED']);
    expect(error().hint).toContain(`Ask again with: stepup request ${scope}`);
  });

  test('its time ends the wait with 3, --for with 6', async () => {
    const one = await begin();
    const id = await detach(one, scope);
    const short = await one.run(['challenge', 'wait', id, '--for', '10ms', '--json']);
    expect([short.status, short.error().code]).toEqual([6, 'TIMED_OUT']);
    expect(short.error().hint).toContain(`stepup challenge wait ${id}`);
    const later = Date.now() + 700_000;
    const over = await one.run(['challenge', 'wait', id, '--json'], { now: () => later });
    expect([over.status, over.error().code]).toEqual([3, 'CHALLENGE_OVER']);
    // The next one that looks at it forgets it, and it stays told.
    await one.run(['challenge', 'continue', id, '--yes'], { now: () => later });
    await one.run(['request', scope, '--json'], { now: () => later });
    expect((await one.run(['challenge', 'wait', id, '--json'])).status).toBe(3);
  });

  test.each(['logout', 'login'])('a %s while somebody waits ends the wait with 4', async (how) => {
    const one = await begin();
    const id = await detach(one, scope);
    let isWaiting: () => void;
    const started = new Promise<void>((done) => (isWaiting = done));
    const waiting = one.run(['challenge', 'wait', id, '--json'], {
      sleep: (ms) => {
        isWaiting();
        return pause(ms);
      },
    });
    await started;
    if (how === 'logout') await one.run('logout');
    else await begin();
    const { status, error } = await waiting;
    expect([status, error().code]).toEqual([4, 'SESSION_OVER']);
  });

  test('Ctrl-C ends the wait with 130 and leaves the challenge', async () => {
    const one = await begin();
    const id = await detach(one, scope);
    const stopping = new AbortController();
    const waiting = one.run(['challenge', 'wait', id], {
      signal: stopping.signal,
      sleep: (_ms, signal) =>
        new Promise((_done, fail) => {
          signal?.addEventListener('abort', () => fail(signal.reason), { once: true });
          setImmediate(() => stopping.abort(new InterruptedError()));
        }),
    });
    expect((await waiting).status).toBe(130);
    expect((await one.run('challenge list --json')).json()).toMatchObject({ challenges: [{ challengeId: id }] });
  });

  test('an unknown id is 2, nobody logged in is 4, a time below zero 2', async () => {
    const one = await begin();
    const unknown = await one.run('challenge wait chl_unknown --json');
    expect([unknown.status, unknown.error().code]).toEqual([2, 'CHALLENGE_UNKNOWN']);
    expect((await one.run('challenge wait --json')).error().code).toBe('CHALLENGE_UNKNOWN');
    expect((await one.run('challenge wait x --for=-1 --json')).error().code).toBe('FLAG_INVALID');
    expect((await one.run('challenge wait x --for=soon --json')).error().code).toBe('FLAG_INVALID');
    await one.run('logout');
    const nobody = await one.run('challenge wait x --json');
    expect([nobody.status, nobody.error().code]).toEqual([4, 'NOT_LOGGED_IN']);
  });

  test('flags that answer a step do not go with --detach', async () => {
    const one = await begin();
    for (const flag of [
      '--code=1234',
      '--code-command=x',
      '--sign-with=x',
      '--verification-token=x',
      '--assertion=x',
    ]) {
      const { status, error } = await one.run(['request', scope, '--detach', flag, '--json']);
      expect([status, error().code, error().field]).toEqual([2, 'FLAG_CONFLICT', flag.split('=')[0]]);
    }
  });

  test('what an older version has written, or a newer one, is no reason to fail', async () => {
    const one = await begin();
    const id = await detach(one, scope);
    expect((await answer(one, id)).status).toBe(0);
    await edit(one, (session) => delete session['ended']);
    expect((await one.run(['challenge', 'wait', id, '--json'])).json()).toMatchObject({ outcome: 'granted' });
    await edit(one, (session) => (session['ended'] = [{ challengeId: 'x', outcome: 'vetoed' }]));
    expect((await one.run(['challenge', 'wait', id, '--json'])).json()).toMatchObject({ outcome: 'granted' });
    await edit(one, (session) => (session['grants'] = []));
    expect((await one.run(['challenge', 'wait', id, '--json'])).status).toBe(2);
  });

  test('no more ends are kept than are needed', async () => {
    const one = await begin();
    const ids = [];
    for (let count = 0; count < 34; count += 1) {
      const id = await detach(one, scope);
      ids.push(id);
      await one.run(['challenge', 'discard', id]);
    }
    const statuses = await Promise.all(
      [ids[0]!, ids[1]!, ids[2]!, ids[33]!].map((id) => one.run(['challenge', 'wait', id])),
    );
    expect(statuses.map(({ status }) => status)).toEqual([2, 2, 3, 3]);
    const id = await detach(one, scope);
    const dayBefore = new Date(Date.now() - 24 * 3_600_000 - 1000).toISOString();
    await edit(one, ({ ended }) => (ended as { endedAt: string }[]).forEach((each) => (each.endedAt = dayBefore)));
    await one.run(['challenge', 'discard', id]);
    await edit(one, ({ ended }) => expect(ended).toMatchObject([{ challengeId: id, outcome: 'discarded' }]));
  });
});

test('Prelude: a block is refused at once, a grant without steps leaves nothing to wait for', async () => {
  await app.allow({ scope: 'a:b', status: 'block' }, { scope: 'c:d', status: 'continue' });
  await app.login();
  const refused = await app.run('request a:b --detach --json');
  expect([refused.status, refused.error().code]).toEqual([3, 'CHALLENGE_BLOCKED']);
  const granted = await app.run('request c:d --detach --json');
  expect(granted.status).toBe(0);
  expect(granted.json()).toMatchObject({ challenge: null, grant: { scopes: ['c:d'] } });
  expect(granted.stdout).not.toContain('eyJ');
  expect((await app.run('request c:d --detach')).stdout).toBe('');
});

test('Prelude: metadata stays with the challenge from step to step', async () => {
  await app.addUser();
  await app.allow({ steps: ['verify_sms', 'verify_email'] });
  await app.login();
  const id = await detach(app, SCOPE);
  let codes = 0;
  const once: Application['shell'] = async (...given) => {
    codes += 1;
    return codes === 1 ? app.shell(...given) : { status: 1, stdout: '', timedOut: false };
  };
  await app.run(['challenge', 'continue', id, '--code-command', 'phone'], { run: once });
  expect((await app.run(['challenge', 'show', id, '--json'])).json()).toMatchObject({
    challenge: { currentStep: 'verify_email', detached: true, metadata: { amount: '500', payee: 'Acme' } },
  });
  expect((await app.run(['challenge', 'show', id])).stdout).toContain('  metadata payee=Acme\n');
});

test('Prelude: too many wrong codes end the wait', async () => {
  await app.allow({});
  await app.login();
  const id = await detach(app, SCOPE);
  await app.run(['otp', 'send', '--challenge', id]);
  for (const code of ['0000000', '0000001', '0000002', '0000003', '0000004', '0000005']) {
    await app.run(['challenge', 'continue', id, '--code', code]);
  }
  const { status, error } = await app.run(['challenge', 'wait', id, '--json']);
  expect([status, error().code]).toEqual([3, 'CHALLENGE_OVER']);
});

test('Dynamic: metadata is only for whoever answers, within the same limits; several ways need a word', async () => {
  await env.login();
  const plain = await env.run(['request', 'wallet:export', ...METADATA, '--json']);
  expect([plain.status, plain.error().code]).toEqual([2, 'COMMAND_UNSUPPORTED']);
  const long = await env.run([
    'request',
    'wallet:export',
    '--detach',
    '--json',
    '--metadata',
    `note=${'x'.repeat(33)}`,
  ]);
  expect([long.status, long.error().code]).toEqual([2, 'METADATA_INVALID']);
});

test('Dynamic: a passkey of the store signs only when somebody agrees', async () => {
  await env.login();
  expect((await env.run('passkey add --code-command phone', { run: env.shell })).status).toBe(0);
  const { stdout } = await env.run('request wallet:export --method passkey --detach');
  const id = stdout.trim();
  const refused = await env.run(['challenge', 'continue', id, '--json']);
  expect([refused.status, refused.error().field]).toEqual([5, '--yes']);
  expect((await env.run(['challenge', 'continue', id, '--yes', '--json'])).status).toBe(0);
  expect((await env.run(['challenge', 'wait', id])).status).toBe(0);
});

test('Prelude: hostile metadata cannot steer the terminal of the one who answers', async () => {
  await app.allow({});
  await app.login();
  // U+202E turns the direction of what follows, U+2066 isolates it, U+200B has no width.
  const payee = 'payee=\u001b[2JAcme\u0007 \u202eEUR 005\u2066x\u200b';
  const { stdout } = await app.run(['request', SCOPE, '--detach', '--metadata', payee]);
  const { stderr } = await app.run(['challenge', 'continue', stdout.trim(), '--yes']);
  expect(stderr).toContain('  metadata payee=?[2JAcme? ?EUR 005?x?\n');
});

async function messages(one: One): Promise<number> {
  return (await (one === app ? app : env).control.messages()).length;
}

/** Changes the stored session, as another version of the program would leave it. */
async function edit(one: One, change: (session: Record<string, unknown>) => void): Promise<void> {
  const file = join(one.home, 'credentials.json');
  const document = JSON.parse(await readFile(file, 'utf8')) as { sessions: Record<string, { session: object }> };
  for (const { session } of Object.values(document.sessions)) change(session as Record<string, unknown>);
  await writeFile(file, JSON.stringify(document));
}
