import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeJwt } from 'jose';
import { afterEach, describe, expect, it } from 'vitest';
import { Client as DynamicClient, totp } from '../dynamic/client.js';
import { Client, loggedIn, newKey, startWorld, wrong, type World } from '../prelude/client.js';
import { startTestEmulator, type TestEmulator, type TestOptions } from '../../support/emulator.js';

const PHONE = '+33612345678';
const SECRET = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';
const SEED = `
settings: { otpAttempts: 2 }
prelude:
  scopes: [transfer:write]
  stepup:
    step_keys: []
    allowed_scopes:
      - scope: transfer:write
        mode: direct
        direct:
          identifier_types: [phone_number]
          status: continue
          grant_mode: session-bound
          granted_for: 60
  login_password:
    hash_method: argon2id
    enabled: true
    rate_limit_login_ip: { ttl: 60000000000, limit: 10 }
    rate_limit_login_identifier: { ttl: 60000000000, limit: 10 }
    password_compliancy: { min_length: 8, max_length: 0, uppercase: 0, lowercase: 0, numbers: 0, symbols: 0 }
  users:
    - id: usr_ada
      identifiers: ["${PHONE}", ada@example.com]
      password: correct horse
      scopes: [profile:read]
    - identifiers: ["+33600000003"]
dynamic:
  users:
    - id: 00000000-0000-4000-8000-0000000000aa
      identifiers: ["+12125550100", ada@example.com]
      totp: { secret: ${SECRET} }
      recoveryCodes: [AAAA-1111, bbbb-2222]
identities:
  - { identity: "${PHONE}", code: "424242" }
  - { identity: ada@example.com, code: "123456" }
  - { identity: "+33600000001", lateSeconds: 30 }
  - { identity: "+33600000002", suppressed: the carrier has rejected it }
  - { identity: "+33600000003", hookVerdict: block }
  - { identity: "+33600000004", tooManyAttempts: true }
  - { identity: "+33600000005", fault: { path: /v1/session/otp, status: 503 } }
`;

const open: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await each.stop();
});

async function seeded(options: TestOptions = {}): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), 'stepup-seed-'));
  open.push({ stop: () => rm(folder, { recursive: true }) });
  await writeFile(join(folder, 'seed.yaml'), SEED);
  const world = await startWorld({ seed: join(folder, 'seed.yaml'), ...options });
  open.push(world);
  return world;
}

function dynamicClient(one: TestEmulator): DynamicClient {
  const { apiBaseUrl, environmentId } = one.emulator.ready.dynamic;
  const code = async (to: string): Promise<string> => (await one.control.messages({ to })).at(-1)?.code ?? '';
  return new DynamicClient({ ...one, base: `${apiBaseUrl}/sdk/${environmentId}`, events: [], code });
}

const sendTo = async (world: World, value: string): Promise<{ client: Client; token: string; status: number }> => {
  const client = new Client(world, await newKey());
  const sent = await client.call('/otp', { body: { identifier: { type: 'phone_number', value } } });
  return { client, token: sent.headers.get('x-verification-token') ?? '', status: sent.status };
};
const checkCode = (client: Client, token: string, code: string) =>
  client.call('/otp/check', { body: { code }, headers: { 'x-verification-token': token } });

describe('an emulator with a seed', () => {
  it('has the configuration, the users and the pinned codes of it', async () => {
    const world = await seeded();
    expect((await world.control.settings()).otpAttempts).toBe(2);
    expect((await world.manage('GET', '/config/scopes')).body).toEqual({ scopes: ['transfer:write'] });
    const client = await loggedIn(world, PHONE);
    expect(await world.code(PHONE)).toBe('424242');
    expect(decodeJwt(client.access).sub).toBe('usr_ada');
    expect(client.scopes).toBe('profile:read');
    expect((await client.request('transfer:write')).body).toMatchObject({ status: 'continue' });
    const byPassword = new Client(world, await newKey());
    const login = await byPassword.call('/login/email/password', {
      body: { identifier: 'ada@example.com', password: 'correct horse' },
      proof: 'regular',
    });
    expect(login.status).toBe(200);
  });

  it('has users of the other service with their factors', async () => {
    const world = await seeded();
    const client = dynamicClient(world);
    await client.signIn('ada@example.com');
    expect(await world.code('ada@example.com')).toBe('123456');
    expect(client.claims.sub).toBe('00000000-0000-4000-8000-0000000000aa');
    const code = totp(SECRET, Date.now());
    const stepped = await client.post('users/mfa/auth/totp', { code, requestedScopes: ['wallet:export'] });
    expect(stepped).toMatchObject({ status: 200, body: { elevatedAccessToken: expect.any(String) as string } });
    const recovery = { code: 'aaaa1111', requestedScopes: ['wallet:export'] };
    expect((await client.post('users/mfa/auth/recovery', recovery)).status).toBe(200);
    expect((await client.post('users/mfa/auth/recovery', recovery)).status).toBeGreaterThanOrEqual(400);
    const byPhone = dynamicClient(world);
    await byPhone.signIn('+12125550100');
    expect(byPhone.claims.sub).toBe('00000000-0000-4000-8000-0000000000aa');
  });

  it('goes back to the seed on a reset, with the same ids, while streams and messages go on', async () => {
    const world = await seeded();
    const ids = async (): Promise<unknown> => (await world.control.call('GET', '/users')).json();
    const first = await ids();
    await loggedIn(world, '+33699999999');
    await world.control.settings({ otpAttempts: 9 });
    expect(await ids()).not.toEqual(first);
    await world.control.clearState();
    expect(await ids()).toEqual(first);
    expect((await world.control.settings()).otpAttempts).toBe(2);
    await loggedIn(world, PHONE);
    expect((await world.control.messages()).map(({ id }) => id)).toEqual(['msg_2']);
    const other = await seeded();
    const there = (await (await other.control.call('GET', '/users')).json()) as { users: { id: string }[] };
    expect(there.users.map(({ id }) => id)).toEqual((first as typeof there).users.map(({ id }) => id));
  });

  it('holds a late message back until the tenant’s clock has come to it', async () => {
    const world = await seeded();
    const to = '+33600000001';
    const { client, token } = await sendTo(world, to);
    expect(await world.control.messages({ to })).toEqual([]);
    expect(world.events.find(({ type }) => type === 'message-late')).toMatchObject({ to, seconds: 30 });
    await world.control.clock({ advance: 29 });
    expect(await world.control.messages({ to })).toEqual([]);
    const waiting = world.control.messages({ to, wait: '20' });
    await world.control.clock({ advance: 1 });
    const [message] = await waiting;
    expect(message).toMatchObject({ to, suppressed: false });
    expect((await checkCode(client, token, message!.code)).status).toBe(200);
    expect(world.events.filter(({ type }) => type === 'message')).toHaveLength(1);
  });

  it('lets a late message arrive by itself', async () => {
    const to = '+33600000001';
    const world = await seeded({ seed: { identities: [{ identity: to, lateSeconds: 1 }] } });
    const sentAt = Date.now();
    await sendTo(world, to);
    expect(await world.control.messages({ to, wait: '10' })).toHaveLength(1);
    expect(Date.now() - sentAt).toBeGreaterThanOrEqual(1000);
  });

  it('suppresses a message with its reason', async () => {
    const world = await seeded();
    const to = '+33600000002';
    expect((await sendTo(world, to)).status).toBe(204);
    const reason = 'the carrier has rejected it';
    expect(await world.control.messages({ to })).toMatchObject([{ suppressed: true, reason }]);
    expect(world.events.find(({ type }) => type === 'message')).toMatchObject({ suppressed: true, reason });
  });

  it('blocks a user’s step-up without asking anybody', async () => {
    const world = await seeded();
    const client = await loggedIn(world, '+33600000003');
    expect((await client.request('transfer:write')).body).toMatchObject({ status: 'block' });
    const other = await loggedIn(world, PHONE);
    expect((await other.request('transfer:write')).body).toMatchObject({ status: 'continue' });
  });

  it('refuses every code for too many attempts, at both services', async () => {
    const world = await seeded();
    const { client, token } = await sendTo(world, '+33600000004');
    const code = await world.code('+33600000004');
    for (const given of [code, wrong(code)]) {
      const refused = await checkCode(client, token, given);
      expect([refused.status, refused.body.code]).toEqual([429, 'rate_limited']);
    }
    await world.control.clearState();
    const seed = { identities: [{ identity: '+12125550199', tooManyAttempts: true }] };
    const one = await startTestEmulator({ httpsPort: undefined, seed });
    open.push(one);
    const dynamic = dynamicClient(one);
    const answer = await dynamic.post('smsVerifications/signin', await dynamic.send('+12125550199'));
    expect(answer.body.code).toBe('too_many_sms_verification_attempts');
  });

  it('answers a request about an identity with the fault of the seed', async () => {
    const world = await seeded();
    expect((await sendTo(world, '+33600000005')).status).toBe(503);
    expect((await sendTo(world, PHONE)).status).toBe(204);
  });

  it('knows an identity again in each call of its user, whether the seed has made the user or not', async () => {
    const identity = '+33600000006';
    const fault = { path: '/v1/session/refresh', status: 503 };
    const world = await seeded({ seed: { identities: [{ identity, fault }] } });
    const client = await loggedIn(world, identity);
    expect((await client.refreshWith()).status).toBe(503);
    expect((await (await loggedIn(world, PHONE)).refreshWith()).status).toBe(200);
  });

  it('is how a tenant starts that is made later, and to what a reset brings it back', async () => {
    const world = await seeded();
    for (const method of ['first', 'again']) {
      expect([method, (await world.control.call('POST', '/tenants', { id: 'worker-1' })).status]).toEqual([
        method,
        201,
      ]);
      const usersOf = async (): Promise<unknown> => (await world.control.call('GET', '/users?tenant=worker-1')).json();
      const users = await usersOf();
      expect(users).toMatchObject({
        users: expect.arrayContaining([expect.objectContaining({ id: 'usr_ada', provider: 'prelude' })]) as unknown,
      });
      expect(await (await world.control.call('GET', '/settings?tenant=worker-1')).json()).toMatchObject({
        otpAttempts: 2,
      });
      expect((await world.control.call('DELETE', '/users/usr_ada?tenant=worker-1')).status).toBe(204);
      expect((await world.control.call('DELETE', '/state?tenant=worker-1')).status).toBe(204);
      expect(JSON.stringify(await usersOf())).toContain('usr_ada');
      expect((await world.control.call('DELETE', '/tenants/worker-1')).status).toBe(204);
    }
  });

  it('does not start with a bad seed', async () => {
    await expect(startTestEmulator({ seed: { mood: 1 } })).rejects.toMatchObject({ code: 'SEED_INVALID' });
  });
});
