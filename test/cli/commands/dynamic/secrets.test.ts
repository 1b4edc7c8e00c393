/** Nothing secret is on standard error: not in `--debug`, not in `--json`, not in an error. */
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { createStore } from '../../../../src/store/create.js';
import { EMAIL, startEnvironment, type Environment } from '../../../support/dynamic-application.js';
import type { Outcome, RunOptions } from '../../../support/stepup.js';

let env: Environment;
beforeAll(async () => {
  env = await startEnvironment();
});
afterEach(() => env.reset());
afterAll(() => env.close());

const byInbox = ['--code-command', 'inbox'];

/** What went over the wire, and what was shown of it. */
interface Watched {
  stderr: string;
  /** Each value that must not be shown, by what it is. */
  secrets: Map<string, string>;
}

/** Fields and headers whose values are secret, or prove something. Of what a passkey signs, the signature alone does. */
const SECRET =
  /^(verificationToken|jwt|minifiedJwt|elevatedAccessToken|mfaToken|code|secret|uri|recoveryCodes|signedMessage|signature|authorization|x-dyn-elevated-access-token|x-dynamic-device-signed-nonce|x-mfa-auth-token)$/;

async function watch(args: string[], options: Partial<RunOptions> = {}): Promise<Watched & { outcome: Outcome }> {
  const secrets = new Map<string, string>();
  const note = (name: string, value: unknown): void => {
    if (typeof value === 'object' && value !== null) {
      for (const [key, inner] of Object.entries(value)) note(Array.isArray(value) ? name : key, inner);
    } else if (
      SECRET.test(name) &&
      typeof value === 'string' &&
      value.length > 3 &&
      !/^[a-z]+(_[a-z]+)+$/.test(value)
    ) {
      secrets.set(`${name} ${value.slice(0, 4)}`, value.replace(/^Bearer /, ''));
    }
  };
  const outcome = await env.run([...args, '--debug', '--json'], {
    run: env.shell,
    ...options,
    fetch: async (input, init) => {
      for (const [name, value] of new Headers(init?.headers)) note(name, value);
      if (typeof init?.body === 'string') note('', JSON.parse(init.body));
      const answer = await fetch(input, init);
      note(
        '',
        await answer
          .clone()
          .json()
          .catch(() => undefined),
      );
      return answer;
    },
  });
  return { outcome, stderr: outcome.stderr, secrets };
}

function expectHidden({ stderr, secrets, outcome }: Watched & { outcome: Outcome }, ...names: string[]): void {
  expect(outcome.status).toBe(0);
  const seen = [...secrets.keys()].map((key) => key.split(' ', 1)[0]);
  expect(seen).toEqual(expect.arrayContaining(names));
  const shown = [...secrets].filter(([, value]) => stderr.includes(value)).map(([key]) => key);
  expect(shown).toEqual([]);
  expect(stderr).not.toMatch(/eyJ[\w-]+\.[\w-]+\./);
}

async function done(args: string | string[]): Promise<Outcome> {
  const outcome = await env.run(args, { run: env.shell });
  if (outcome.status !== 0) throw new Error(outcome.stderr);
  return outcome;
}

test('login and request by email', async () => {
  const login = await watch(['login', '--email', EMAIL, ...byInbox]);
  expectHidden(login, 'verificationToken', 'minifiedJwt', 'jwt', 'x-dynamic-device-signed-nonce');
  const request = await watch(['request', 'wallet:export', ...byInbox]);
  expectHidden(request, 'verificationToken', 'minifiedJwt', 'elevatedAccessToken', 'authorization');
});

test('an authenticator app: its secret, its address, its codes', async () => {
  await env.login();
  const add = await watch(['mfa', 'add', ...byInbox]);
  expectHidden(add, 'secret', 'uri', 'code', 'x-dyn-elevated-access-token');
  const [kept] = Object.values(await createStore(env.home).keyring('totp'));
  expect(add.stderr).not.toContain(kept!.secret as string);
  expect(add.outcome.stdout).not.toContain(kept!.secret as string);
  expectHidden(await watch(['request', 'wallet:export', '--method', 'totp']), 'code', 'elevatedAccessToken');
});

test('recovery codes', async () => {
  await env.login();
  await done(['mfa', 'add', ...byInbox]);
  const listed = await watch(['mfa', 'recovery-codes']);
  expectHidden(listed, 'recoveryCodes');
  const [first = ''] = listed.outcome.json<{ recoveryCodes: string[] }>().recoveryCodes;
  expectHidden(await watch(['request', 'wallet:export', '--method', 'recovery', '--code', first]), 'code');
});

test('a wallet: its key and its signatures', async () => {
  await done('wallet create');
  const [wallet] = Object.values(await createStore(env.home).keyring('wallets'));
  const login = await watch(['login', '--wallet']);
  expectHidden(login, 'signedMessage');
  const request = await watch(['request', 'wallet:export']);
  expectHidden(request, 'signedMessage', 'x-dynamic-device-signed-nonce');
  for (const { outcome } of [login, request]) {
    expect(outcome.stdout + outcome.stderr).not.toContain((wallet!.privateKey as string).slice(2));
  }
});

test('a passkey: its attestation, its assertions, its key', async () => {
  await env.login();
  expectHidden(await watch(['passkey', 'add', ...byInbox]), 'x-dyn-elevated-access-token');
  const request = await watch(['request', 'wallet:export', '--method', 'passkey']);
  expectHidden(request, 'signature');
  const login = await watch(['login', '--passkey']);
  expectHidden(login, 'signature');
  const [passkey] = Object.values(await createStore(env.home).keyring('passkeys'));
  expect(request.stderr + login.stderr).not.toContain((passkey!.privateKey as { d: string }).d);
});

test('tokens of the developer’s backend', async () => {
  const { privateKey, publicKey } = await generateKeyPair('ES256');
  const keys = JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: 'one' }] });
  const backend = createServer((_, response) => response.end(keys));
  await new Promise<void>((ready) => backend.listen(0, '127.0.0.1', ready));
  const jwksUrl = `http://127.0.0.1:${(backend.address() as AddressInfo).port}/`;
  await env.control.settings({ dynamic: { externalAuth: { jwksUrl } } });
  const sign = (claims: object): Promise<string> =>
    new SignJWT({ sub: 'user-1', exp: Math.floor(Date.now() / 1000) + 300, jti: String(Math.random()), ...claims })
      .setProtectedHeader({ alg: 'ES256', kid: 'one' })
      .sign(privateKey);
  expectHidden(await watch(['login', '--jwt', '-'], { stdin: await sign({}) }), 'jwt', 'minifiedJwt');
  const vouched = await watch(['request', 'wallet:export', '--assertion', '-'], {
    stdin: await sign({ scope: 'wallet:export' }),
  });
  expectHidden(vouched, 'jwt', 'elevatedAccessToken');
  expect(vouched.outcome.json()).toMatchObject({ grant: { scopes: ['wallet:export'], factors: ['assertion'] } });
  const byCommand = await watch(['request', 'user:update', '--assertion-command', './sign.sh'], {
    run: async () => ({ status: 0, stdout: await sign({ scope: 'user:update' }), timedOut: false }),
  });
  expectHidden(byCommand, 'jwt');
  const less = await env.run(['request', 'wallet:export', '--assertion', '-', '--json'], {
    stdin: await sign({ scope: 'user:update' }),
  });
  expect([less.status, less.error().code]).toEqual([2, 'ASSERTION_INVALID']);
  backend.close();
});

test('a refusal that repeats what was sent', async () => {
  await env.login();
  await env.run(['request', 'wallet:export', '--json']);
  await done('otp send');
  const { code } = await env.newest();
  await env.control.fault({
    match: { path: '/*/emailVerifications/verify' },
    times: 1,
    do: {
      status: 400,
      body: { error: `The code ${code} of Bearer eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ1In0.c2ln is wrong` },
    },
  });
  const { status, stderr } = await env.run(['otp', 'check', '--code', code, '--json', '--debug']);
  expect(status).toBe(3);
  expect(stderr).not.toContain(code);
  expect(stderr).not.toContain('eyJ');
});
