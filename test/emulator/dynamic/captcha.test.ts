import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Client, startWorld, type World } from './client.js';

let world: World;
let client: Client;

beforeAll(async () => {
  world = await startWorld();
  client = new Client(world);
});
afterAll(() => world.stop());

const PHONE = { phoneCountryCode: '1', phoneNumber: '5551234567', isoCountryCode: 'US' };

it('is off unless it is switched on', async () => {
  const { security } = (await client.get('settings')).body as { security: Record<string, unknown> };
  expect(security).not.toHaveProperty('captcha');
  expect((await client.post('emailVerifications/create', { email: 'off@example.com' })).status).toBe(200);
});

describe('an environment with captcha on', () => {
  beforeAll(() => world.control.settings({ dynamic: { captcha: true } }));

  it('says so in its settings', async () => {
    expect((await client.get('settings')).body.security).toMatchObject({
      captcha: { enabled: true, provider: 'hcaptcha', siteKey: '10000000-ffff-ffff-ffff-000000000001' },
    });
  });

  it.each([
    ['emailVerifications/create', { email: 'on@example.com' }],
    ['emailVerifications/create', { email: 'on@example.com', captchaToken: '' }],
    ['emailVerifications/create', { email: 'on@example.com', captchaToken: null }],
    ['smsVerifications/create', PHONE],
    ['emailVerifications/retry', { verificationUUID: '00000000-0000-4000-8000-000000000009' }],
  ])('%s %j: no code without its token', async (path, body) => {
    const { length } = await world.control.messages();
    expect(await client.post(path, body)).toMatchObject({
      status: 422,
      body: { code: 'invalid_verification', error: 'A captcha token is required' },
    });
    expect(await world.control.messages()).toHaveLength(length);
  });

  it('sends codes for a token, and again', async () => {
    const email = 'token@example.com';
    const { status, body } = await client.post('emailVerifications/create', { email, captchaToken: 'solved' });
    expect(body).toEqual({ verificationUUID: expect.any(String), email });
    expect(status).toBe(200);
    const again = { verificationUUID: body.verificationUUID, email, captchaToken: 'solved' };
    expect((await client.post('emailVerifications/retry', again)).status).toBe(200);
    const verificationToken = await world.code(email);
    expect(
      (await client.post('emailVerifications/signin', { verificationUUID: body.verificationUUID, verificationToken }))
        .status,
    ).toBe(200);
    expect((await client.post('smsVerifications/create', { ...PHONE, captchaToken: 'solved' })).body).toEqual({
      verificationUUID: expect.any(String),
      ...PHONE,
    });
  });

  it('has the token in no event', () => {
    expect(JSON.stringify(world.events)).not.toContain('solved');
  });
});
