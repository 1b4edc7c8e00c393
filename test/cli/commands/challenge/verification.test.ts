import { randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { exportJWK, exportSPKI, generateKeyPair, SignJWT, type CryptoKey, type JWK } from 'jose';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { SCOPE, startApplication, type Application } from '../../../support/application.js';
import type { Outcome } from '../../../support/stepup.js';

let app: Application;
let server: Server;
let key: CryptoKey;
let publicKey: CryptoKey;
let keySet: JWK[];
beforeAll(async () => {
  app = await startApplication();
  ({ privateKey: key, publicKey } = await generateKeyPair('RS256', { extractable: true }));
  server = createServer((_request, response) =>
    response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify({ keys: keySet })),
  );
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
});
beforeEach(async () => {
  keySet = [{ ...(await exportJWK(publicKey)), kid: 'k1', use: 'sig', alg: 'RS256' }];
});
afterEach(() => app.reset());
afterAll(async () => {
  server.close();
  await app.close();
});

interface Facts {
  challengeId: string;
  userId: string;
}

/** Registers one scope for each list of steps, with the key set of this file's backend. */
async function configure(scopes: Record<string, string[]>): Promise<void> {
  for (const scope of Object.keys(scopes)) await app.manage('POST', '/config/scopes', { scope });
  const custom = new Set(
    Object.values(scopes)
      .flat()
      .filter((step) => !step.startsWith('verify_')),
  );
  await app.manage('POST', '/config/stepup', {
    jwks_url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks.json`,
    step_keys: [...custom].map((step) => ({ key: step, description: step })),
    allowed_scopes: Object.entries(scopes).map(([scope, steps]) => ({
      scope,
      mode: 'direct',
      direct: {
        identifier_types: ['phone_number', 'email_address'],
        status: 'review',
        grant_mode: 'session-bound',
        granted_for: 300,
        steps: steps.map((step, at) => ({ order: at + 1, key: step, expiration_duration: 600 })),
      },
    })),
  });
}

/** Asks for a scope and leaves its challenge open. */
async function open(scope = SCOPE): Promise<Facts> {
  const { status, lines } = await app.run(['request', scope, '--json']);
  expect(status).toBe(5);
  return lines<{ challengeId: string; userId: string }>()[0]!;
}

interface Making {
  claims?: Record<string, unknown>;
  header?: Record<string, unknown>;
  key?: CryptoKey | Uint8Array;
}

/** What a good backend signs for a challenge, changed. */
function sign(
  { challengeId, userId }: Facts,
  { claims = {}, header = {}, key: by = key }: Making = {},
): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  const good = { sub: userId, challenge_id: challengeId, key: 'kyc_review', status: 'completed' };
  const times = { jti: randomBytes(8).toString('hex'), iat: now, nbf: now, exp: now + 300 };
  return new SignJWT({ ...good, ...times, ...claims })
    .setProtectedHeader({ alg: 'RS256', kid: 'k1', ...header })
    .sign(by);
}

async function file(text: string, name = 'token.jwt'): Promise<string> {
  const path = join(app.home, name);
  await writeFile(path, text, { mode: 0o600 });
  return path;
}

const proceed = async (token: string, ...more: string[]): Promise<Outcome> =>
  app.run(['challenge', 'continue', '--json', '--verification-token', await file(token), ...more]);

describe('a custom step', () => {
  beforeEach(async () => {
    await configure({ [SCOPE]: ['kyc_review'] });
    await app.login();
  });

  test('says what the backend has to do, and without a token is status 5 with the challenge kept', async () => {
    const { status, stderr } = await app.run(['request', SCOPE]);
    expect(status).toBe(5);
    const id = /Challenge (\S+) for/.exec(stderr)![1];
    expect(stderr).toContain(`challenge_id  ${id}`);
    expect(stderr).toMatch(/sub {11}usr_\S+/);
    expect(stderr).toMatch(/key {11}kyc_review/);
    expect(stderr).toContain(`stepup keys sign --challenge ${id} --step kyc_review`);
    expect(stderr).toContain(`stepup challenge continue ${id}`);
  });

  test('goes on with a token from a file', async () => {
    const outcome = await proceed(await sign(await open()));
    expect([outcome.status, outcome.stderr]).toEqual([0, '']);
    expect(outcome.lines().at(-1)).toMatchObject({
      type: 'granted',
      grant: { scopes: [SCOPE], factors: ['kyc_review'] },
    });
  });

  test('and from standard input', async () => {
    const token = await sign(await open());
    const { status } = await app.run('challenge continue --verification-token -', { stdin: `\n${token}\n` });
    expect(status).toBe(0);
  });

  test('and pasted at the prompt, which shows nothing of it and refuses what is no token', async () => {
    const facts = await open();
    const token = await sign(facts);
    const { status, stderr } = await app.run('challenge continue', {
      env: { NO_COLOR: '1' },
      answers: [
        ['Paste the verification token', 'hello\r'],
        ['This cannot be sent: it is no JWT', `\u0015${token}\r`],
      ],
    });
    expect(status).toBe(0);
    expect(stderr).not.toContain(token.slice(0, 40));
  });

  test('and from a command, which sees the step and none of our keys', async () => {
    const seen: Record<string, string | undefined>[] = [];
    const { status, lines } = await app.run(['request', SCOPE, '--json', '--verification-command', './sign.sh'], {
      env: { STEPUP_PRELUDE_MANAGEMENT_KEY: 'sk_live_secret', HOME: '/home/ada' },
      run: async (_line, { env }) => {
        seen.push({ ...env });
        const facts = { challengeId: env.STEPUP_CHALLENGE_ID!, userId: env.STEPUP_USER_ID! };
        return { status: 0, stdout: `${await sign(facts)}\n`, timedOut: false };
      },
    });
    expect(status).toBe(0);
    const [{ challengeId, userId }] = lines<Facts>() as [Facts];
    expect(seen).toMatchObject([
      {
        HOME: '/home/ada',
        STEPUP_CHALLENGE_ID: challengeId,
        STEPUP_STEP: 'kyc_review',
        STEPUP_USER_ID: userId,
        STEPUP_SCOPE: SCOPE,
      },
    ]);
    expect(seen[0]).not.toHaveProperty('STEPUP_PRELUDE_MANAGEMENT_KEY');
  });

  test('a refused one is told of once, and not as a code with tries left', async () => {
    const path = await file(await sign(await open(), { claims: { status: 'failed' } }));
    const { status, stderr } = await app.run(['challenge', 'continue', '--verification-token', path]);
    expect([status, stderr]).toEqual([3, expect.stringContaining('says that the step is failed')]);
    expect(stderr).not.toMatch(/That code|tries left/);
  });

  test('a command that fails is status 1 with the challenge kept', async () => {
    const { status, stderr } = await app.run(['request', SCOPE, '--json', '--verification-command', 'x'], {
      run: async () => ({ status: 9, stdout: 'hunter2', timedOut: false }),
    });
    expect(status).toBe(1);
    expect(stderr).not.toContain('hunter2');
    expect((await app.run('challenge show')).status).toBe(0);
  });

  test.each([
    ['a command that fails', ['--verification-command', 'x'], 1],
    ['a file that is not there', ['--verification-token', '/nowhere/token'], 2],
    ['what is no token', ['--verification-token', 'junk'], 2],
    ['a key that is not there', ['--sign-with', 'nokey'], 2],
  ])('%s says that the challenge is kept, and how to go on', async (_name, [flag, value], expected) => {
    const given = value === 'junk' ? await file('junk') : value!;
    const { status, stderr } = await app.run(['request', SCOPE, flag!, given], {
      run: async () => ({ status: 9, stdout: '', timedOut: false }),
    });
    const id = /Challenge (\S+) for/.exec(stderr)![1];
    expect([status, stderr]).toEqual([expected, expect.stringContaining(`stepup challenge continue ${id}`)]);
  });

  test('and signed here with a key of the store', async () => {
    await app.run('keys create');
    keySet = JSON.parse((await app.run('keys jwks')).stdout).keys;
    const { status, stderr } = await app.run(['request', SCOPE, '--sign-with', 'main', '--json']);
    expect([status, stderr]).toEqual([0, '']);
  });

  test('two sources of tokens at once, and two readers of standard input, are refused', async () => {
    for (const flags of [
      ['--verification-token', 'a', '--sign-with', 'b'],
      ['--verification-token', '-', '--code', '-'],
      ['--verification-token', '-', '--verification-token', '-'],
    ]) {
      const { status, error } = await app.run(['request', SCOPE, '--json', ...flags]);
      expect([status, error().code]).toEqual([2, 'FLAG_CONFLICT']);
    }
  });

  const before = Math.floor(Date.now() / 1000) - 1000;
  const later = Math.floor(Date.now() / 1000) + 5000;
  test.each<[string, Making, string, string | RegExp]>([
    ['another key', {}, 'invalid_verification_token', /has no key k1 that has signed it/],
    ['an unknown key id', { header: { kid: 'k9' } }, 'invalid_verification_token', /has no key k9 that has signed it/],
    [
      'an end that has passed',
      { claims: { iat: before - 300, nbf: before - 300, exp: before } },
      'invalid_verification_token',
      /has expired \(at \d{4}-/,
    ],
    [
      'an end that is too far away',
      { claims: { exp: before + 1000 + 7200 } },
      'invalid_verification_token',
      /good for too long \(\d+ s from iat to exp/,
    ],
    [
      'a start to come',
      { claims: { iat: later, nbf: later, exp: later + 60 } },
      'invalid_verification_token',
      /is not good before \d{4}-.*clock/,
    ],
    [
      'no jti and no nbf',
      { claims: { jti: undefined, nbf: undefined } },
      'invalid_verification_token',
      /has no jti, nbf/,
    ],
    [
      'a step of the service',
      { claims: { key: 'verify_sms' } },
      'invalid_verification_token',
      /verify_sms, which the service does itself/,
    ],
    [
      'another challenge',
      { claims: { challenge_id: 'chl_other' } },
      'token_mismatch',
      /for another challenge \(chl_other\)/,
    ],
    ['another user', { claims: { sub: 'usr_other' } }, 'token_mismatch', /for another user \(usr_other\)/],
    [
      'an unknown step',
      { claims: { key: 'palm' } },
      'step_not_found',
      /for the step palm, which this challenge does not have/,
    ],
    [
      'a status other than completed',
      { claims: { status: 'failed' } },
      'step_not_completed',
      /says that the step is failed/,
    ],
  ])('a token with %s is told apart, and the challenge is kept', async (name, making, serviceCode, message) => {
    const facts = await open();
    const other = name === 'another key' ? { key: (await generateKeyPair('RS256')).privateKey } : {};
    const token = await sign(facts, { ...making, ...other });
    const { status, error, stdout, stderr } = await proceed(token, facts.challengeId);
    expect(status).toBe(3);
    expect(error()).toMatchObject({ code: 'VERIFICATION_REFUSED', serviceCode });
    expect(error().message).toMatch(message);
    expect(error().hint?.includes('stepup keys test')).toBe(name === 'another key' || name === 'an unknown key id');
    expect(error().hint).toContain(`stepup challenge continue ${facts.challengeId}`);
    expect(stdout + stderr).not.toContain(token);
    expect((await proceed(await sign(facts))).status).toBe(0);
  });

  test('a token that was used before is told apart', async () => {
    const jti = 'once-only';
    const first = await open();
    expect((await proceed(await sign(first, { claims: { jti } }))).status).toBe(0);
    const second = await open();
    const { status, error } = await proceed(await sign(second, { claims: { jti } }));
    expect([status, error().code]).toEqual([3, 'VERIFICATION_REFUSED']);
    expect(error()).toMatchObject({ serviceCode: 'token_reused', message: expect.stringContaining('was used before') });
    expect((await proceed(await sign(second))).status).toBe(0);
  });

  test.each<[string, (facts: Facts) => string | Promise<string>, RegExp]>([
    ['no JWT', () => 'hello', /it is no JWT/],
    ['three parts of nothing', () => 'a.b.c', /it is no JWT/],
    ['nothing', () => ' \n', /nothing is in|it is empty/],
    ['alg none', () => `${part({ alg: 'none', kid: 'k1' })}.${part({ sub: 'usr' })}.`, /not signed \(alg none\)/],
    [
      'HS256 with the public key as its secret',
      async (facts) => sign(facts, { header: { alg: 'HS256' }, key: Buffer.from(await exportSPKI(publicKey)) }),
      /shared secret \(alg HS256\)/,
    ],
    ['no kid', (facts) => sign(facts, { header: { kid: undefined } }), /no kid/],
    ['1 MB', () => `${part({ alg: 'RS256', kid: 'k1' })}.${'x'.repeat(1_000_000)}.x`, /more than 16 KB/],
    ['2 MB', () => 'x'.repeat(2_000_000), /more than 1 MB/],
  ])('%s is status 2 and is never sent; the challenge is kept', async (_name, make, message) => {
    const facts = await open();
    const sent: string[] = [];
    const { status, error } = await app.run(
      ['challenge', 'continue', '--json', '--verification-token', await file(await make(facts))],
      {
        fetch: (input, init) => {
          sent.push(new Request(input).url);
          return fetch(input, init);
        },
      },
    );
    expect([status, error().message]).toEqual([2, expect.stringMatching(message)]);
    expect(sent.filter((url) => url.endsWith('/stepup/continue'))).toEqual([]);
    expect((await proceed(await sign(facts))).status).toBe(0);
  });

  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

  test('with --debug no token is shown, refused or not', async () => {
    const facts = await open();
    const wrong = await sign(facts, { claims: { status: 'failed' } });
    const right = await sign(facts);
    for (const token of [wrong, right]) {
      const path = await file(token);
      const { stderr } = await app.run(['challenge', 'continue', '--debug', '--verification-token', path]);
      expect(stderr).toContain('/stepup/continue');
      expect(stderr).not.toContain(token.split('.')[1]);
      expect(stderr).not.toContain(token.split('.')[2]);
      expect(stderr).not.toMatch(/eyJ[\w-]+\.[\w-]+\.[\w-]{20,}/);
    }
  });
});

describe('two custom steps and a code', () => {
  test('go in order, a file for each custom one', async () => {
    await configure({ [SCOPE]: ['kyc_review', 'verify_sms', 'selfie'] });
    await app.login();
    const facts = await open();
    const first = await file(await sign(facts), 'one.jwt');
    const second = await file(await sign(facts, { claims: { key: 'selfie' } }), 'two.jwt');
    const args = ['challenge', 'continue', '--json', '--code-command', 'inbox'];
    const tokens = ['--verification-token', first, '--verification-token', second];
    const { status, lines } = await app.run([...args, ...tokens], { run: app.shell });
    expect(status).toBe(0);
    expect(lines().at(-1)).toMatchObject({ grant: { factors: ['kyc_review', 'verify_sms', 'selfie'] } });
  });

  test('a token for a later step is told apart, and with the right one it goes on to the next', async () => {
    await configure({ [SCOPE]: ['kyc_review', 'selfie'] });
    await app.login();
    const facts = await open();
    const early = await sign(facts, { claims: { key: 'selfie' } });
    const { status, error } = await proceed(early);
    expect([status, error().code]).toEqual([3, 'VERIFICATION_REFUSED']);
    expect(error()).toMatchObject({
      serviceCode: 'step_bypassed',
      message: expect.stringContaining('the turn of kyc_review'),
    });
    const half = await proceed(await sign(facts));
    expect([half.status, half.error().field]).toEqual([5, '--verification-token']);
    // It was refused before it was spent.
    expect((await proceed(early)).status).toBe(0);
  });
});

describe('several open challenges', () => {
  let one: Facts;
  let other: Facts;
  beforeEach(async () => {
    await configure({ 'a:b': ['kyc_review'], 'c:d': ['kyc_review', 'selfie'] });
    await app.login();
    one = await open('a:b');
    other = await open('c:d');
  });

  test('the token says which one is meant, from a file and from standard input', async () => {
    const outcome = await proceed(await sign(one));
    expect([outcome.status, outcome.stderr]).toEqual([0, '']);
    expect(outcome.lines().at(-1)).toMatchObject({ grant: { scopes: ['a:b'] } });
    one = await open('a:b');
    const { status, lines } = await app.run('challenge continue --json --verification-token -', {
      stdin: `${await sign(other)}\n${await sign(other, { claims: { key: 'selfie' } })}\n`,
    });
    expect(status).toBe(0);
    expect(lines().at(-1)).toMatchObject({ grant: { scopes: ['c:d'] } });
    expect((await app.run('challenge list --json')).json()).toMatchObject({
      challenges: [{ challengeId: one.challengeId }],
    });
  });

  test('a token for none of them, one that does not say, and none at all', async () => {
    const unknown = await proceed(await sign(one, { claims: { challenge_id: 'chl_gone' } }));
    expect([unknown.status, unknown.error().code]).toEqual([2, 'CHALLENGE_UNKNOWN']);
    expect(unknown.error().message).toContain('chl_gone');
    const silent = await proceed(await sign(one, { claims: { challenge_id: undefined } }));
    expect(silent.error().code).toBe('CHALLENGE_AMBIGUOUS');
    expect((await app.run('challenge continue --json')).error().code).toBe('CHALLENGE_AMBIGUOUS');
  });

  test('an id that is given decides', async () => {
    const { status, error } = await proceed(await sign(one), other.challengeId);
    expect([status, error().message]).toEqual([3, expect.stringContaining('for another challenge')]);
  });
});
