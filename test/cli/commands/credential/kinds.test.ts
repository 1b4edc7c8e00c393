import { afterAll, beforeAll, expect, test } from 'vitest';
import { EMAIL, startEnvironment, type Environment } from '../../../support/dynamic-application.js';

let env: Environment;
beforeAll(async () => {
  env = await startEnvironment();
});
afterAll(() => env.close());

/** A call of the service's own, as the user who is logged in. */
async function call(path: string, body: object): Promise<Record<string, unknown>> {
  const token = (await env.run('token')).stdout.trim();
  const response = await fetch(`${env.ready.dynamic.apiBaseUrl}/sdk/${env.ready.dynamic.environmentId}/${path}`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return (await response.json()) as Record<string, unknown>;
}

/** What a wallet of the service's own would be called in a body. */
const asEmbedded: typeof fetch = (input, init) => {
  const body = typeof init?.body === 'string' ? init.body.replace(/("walletProvider":")\w+"/, '$1embeddedWallet"') : '';
  return fetch(input, body === '' ? init : { ...init, body });
};

test('email, phone, a wallet of the store and an embedded one, with what each is good for', async () => {
  await env.control.settings({
    dynamic: { multipleSignInCredentials: true, enforce: { 'smsVerifications/verify': false } },
  });
  await env.login();
  const phone = { phoneCountryCode: '1', phoneNumber: '5551234242', isoCountryCode: 'US' };
  const { verificationUUID } = await call('smsVerifications/create', phone);
  const { code } = await env.newest({ channel: 'sms' });
  await call('smsVerifications/verify', { verificationUUID, verificationToken: code });
  const byEmail = ['request', 'credential:link', '--method', 'email', '--code-command', 'inbox'];
  expect(await env.run(byEmail, { run: env.shell })).toMatchObject({ status: 0 });
  const addresses: string[] = [];
  for (const [name, options] of [
    ['main', {}],
    ['second', { fetch: asEmbedded }],
  ] as const) {
    addresses.push((await env.run(`wallet create --name ${name}`)).stdout.trim());
    expect(await env.run(`wallet link ${name}`, options)).toMatchObject({ status: 0 });
  }

  const { status, stdout, stderr } = await env.run('credential list');
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  const rows = stdout
    .trimEnd()
    .split('\n')
    .map((row) => row.split('\t'));
  expect(rows.map((row) => row.toSpliced(1, 1).slice(0, 4))).toEqual([
    ['*', 'email', EMAIL, 'yes'],
    [' ', 'sms', '+15551234242', 'yes'],
    [' ', 'wallet', addresses[0], 'yes (wallet main)'],
    [' ', 'wallet', addresses[1], 'no (embedded wallet)'],
  ]);
  const { credentials } = (await env.run('credential list --json')).json<{ credentials: object[] }>();
  expect(credentials).toMatchObject([
    { format: 'email', openedSession: true, embedded: false },
    { format: 'phoneNumber', openedSession: false, embedded: false },
    { format: 'blockchain', openedSession: false, embedded: false, wallet: 'main' },
    { format: 'blockchain', openedSession: false, embedded: true, wallet: 'second' },
  ]);
});

test('the * is at what opened the session, also an embedded wallet', async () => {
  await env.run('wallet create --name third');
  expect(await env.run('login --wallet third', { fetch: asEmbedded })).toMatchObject({ status: 0 });
  const { stdout } = await env.run('credential list');
  expect(stdout).toMatch(/^\*\t\S+\twallet\t0x[0-9a-fA-F]{40}\tno \(embedded wallet\)\t\S+Z\n$/);
});
