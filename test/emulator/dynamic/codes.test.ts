import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Client, elevatedOf, fifty, signedIn, startWorld, wrong, type World } from './client.js';

let world: World;
let client: Client;
let made = 0;
const newEmail = (): string => `codes${++made}@example.com`;

beforeAll(async () => {
  world = await startWorld();
  client = new Client(world);
});
afterAll(() => world.stop());

describe('a code by email', () => {
  it('signs a new user in', async () => {
    const email = newEmail();
    const created = await client.post('emailVerifications/create', { email });
    expect(created).toMatchObject({
      status: 200,
      body: { email, verificationUUID: expect.stringMatching(/^[\da-f-]{36}$/) },
    });
    const [message] = await world.control.messages({ to: email });
    expect(message).toMatchObject({
      channel: 'email',
      purpose: 'login',
      provider: 'dynamic',
      code: expect.stringMatching(/^\d{6}$/),
      challengeId: created.body.verificationUUID,
    });
    const answer = await new Client(world).post('emailVerifications/signin', {
      verificationUUID: created.body.verificationUUID,
      verificationToken: message?.code,
    });
    expect(answer).toMatchObject({
      status: 200,
      body: {
        user: {
          email,
          newUser: true,
          verifiedCredentials: [{ format: 'email', email, public_identifier: email, signInEnabled: true }],
        },
        expiresAt: expect.any(Number),
      },
    });
    expect(answer.body).not.toHaveProperty('elevatedAccessToken');
    expect(answer.headers.get('cache-control')).toBe('no-store');
  });

  it('knows a user again, whatever the case of the address', async () => {
    const email = newEmail();
    const first = await signedIn(world, email);
    const second = await signedIn(world, email.toUpperCase());
    expect(second.user).toMatchObject({ id: first.user.id, newUser: false });
    expect(second.claims.sid).not.toBe(first.claims.sid);
  });

  it('is wrong five times, then the verification is dead', async () => {
    const { verificationUUID, verificationToken } = await client.send(newEmail());
    for (let tries = 0; tries < 5; tries++) {
      expect(
        await client.post('emailVerifications/signin', {
          verificationUUID,
          verificationToken: wrong(verificationToken),
        }),
      ).toMatchObject({ status: 422, body: { code: 'wrong_email_verification_token', error: expect.any(String) } });
    }
    expect(await client.post('emailVerifications/signin', { verificationUUID, verificationToken })).toMatchObject({
      status: 422,
      body: { code: 'too_many_email_verification_attempts' },
    });
  });

  it('is good once; of fifty at once one wins', async () => {
    const body = await client.send(newEmail());
    await world.control.settings({ otpAttempts: 100 });
    const { won, codes } = await fifty(world, () => client.post('emailVerifications/signin', body));
    await world.control.settings({ otpAttempts: 5 });
    expect(won).toBe(1);
    expect(codes).toEqual(new Set(['invalid_email_verification']));
  });

  it('fifty guesses at once get five tries', async () => {
    const { verificationUUID, verificationToken } = await client.send(newEmail());
    const guess = wrong(verificationToken);
    const answers = await Promise.all(
      Array.from({ length: 50 }, () =>
        client.post('emailVerifications/signin', { verificationUUID, verificationToken: guess }),
      ),
    );
    expect(answers.filter(({ body }) => body.code === 'wrong_email_verification_token')).toHaveLength(5);
  });

  it('ends after ten minutes', async () => {
    const body = await client.send(newEmail());
    await world.control.clock({ advance: 600 });
    expect(await client.post('emailVerifications/signin', body)).toMatchObject({
      status: 422,
      body: { code: 'invalid_email_verification' },
    });
  });

  it('is sent three times in ten minutes, retries included; each verification lives on its own', async () => {
    const email = newEmail();
    const first = await client.send(email);
    const second = await client.post('emailVerifications/create', { email });
    const { verificationUUID } = second.body;
    expect(await client.post('emailVerifications/retry', { verificationUUID, email })).toMatchObject({
      status: 200,
      body: { verificationUUID, email },
    });
    expect(await client.post('emailVerifications/create', { email })).toMatchObject({
      status: 429,
      body: { code: 'too_many_requests' },
    });
    expect((await client.post('emailVerifications/signin', first)).status).toBe(200);
    const verificationToken = await world.code(email);
    expect((await client.post('emailVerifications/signin', { verificationUUID, verificationToken })).status).toBe(200);
    await world.control.clock({ advance: 600 });
    expect((await client.post('emailVerifications/create', { email })).status).toBe(200);
  });

  it.each([
    [{}, 400, 'bad_request'],
    [{ email: 7 }, 400, 'bad_request'],
    [{ email: 'nobody' }, 422, 'invalid_email'],
    [[], 400, 'bad_request'],
    ['{"email":', 400, 'bad_request'],
    ['['.repeat(20) + ']'.repeat(20), 400, 'bad_request'],
  ])('create %j: %d %s', async (body, status, code) => {
    expect(await client.post('emailVerifications/create', body)).toMatchObject({ status, body: { code } });
  });

  it.each([
    ['no UUID', { verificationToken: '123456' }, 400],
    ['a UUID that is none', { verificationUUID: 'x', verificationToken: '123456' }, 400],
    ['an unknown UUID', { verificationUUID: '00000000-0000-4000-8000-000000000000', verificationToken: '123456' }, 422],
    [
      'a code of five digits',
      { verificationUUID: '00000000-0000-4000-8000-000000000000', verificationToken: '12345' },
      400,
    ],
  ])('signin with %s: %d', async (_, body, status) => {
    const answer = await client.post('emailVerifications/signin', body);
    expect(answer).toMatchObject({ status, body: { error: expect.any(String), code: expect.any(String) } });
    expect(JSON.stringify(answer.body)).not.toContain('12345');
  });

  it('asks for a token to link a first factor', async () => {
    const answer = await new Client(world).signIn(newEmail(), { allowNewMFALinking: true });
    expect(decodeJwt(elevatedOf(answer))).toMatchObject({ scope: 'credential:link', singleUse: false });
  });
});

describe('a code by SMS', () => {
  it('signs in, and steps up', async () => {
    const phone = '+15551230001';
    const created = await client.post('smsVerifications/create', {
      phoneCountryCode: '1',
      phoneNumber: '5551230001',
      isoCountryCode: 'US',
    });
    expect(created.body).toEqual({
      verificationUUID: expect.any(String),
      phoneNumber: '5551230001',
      phoneCountryCode: '1',
      isoCountryCode: 'US',
    });
    expect(await world.control.messages({ to: phone })).toMatchObject([{ channel: 'sms', purpose: 'login' }]);
    const user = await signedIn(world, phone);
    expect(user.user).toMatchObject({
      phoneNumber: phone,
      verifiedCredentials: [
        {
          format: 'phoneNumber',
          phoneNumber: '5551230001',
          phoneCountryCode: '1',
          isoCountryCode: 'US',
          public_identifier: phone,
        },
      ],
    });
    expect(decodeJwt(await user.elevate(phone, ['wallet:sign']))).toMatchObject({
      scope: 'wallet:sign',
      singleUse: true,
    });
    expect((await world.control.messages({ to: phone })).at(-1)).toMatchObject({ purpose: 'step-up' });
  });

  it.each([
    [{ phoneCountryCode: '+1', phoneNumber: '5551230001', isoCountryCode: 'US' }, 400, 'bad_request'],
    [{ phoneCountryCode: '1', phoneNumber: '555-123', isoCountryCode: 'US' }, 400, 'bad_request'],
    [{ phoneCountryCode: '1234', phoneNumber: '55512300012222', isoCountryCode: 'US' }, 422, 'invalid_phone'],
  ])('create %j: %d %s', async (body, status, code) => {
    expect(await client.post('smsVerifications/create', body)).toMatchObject({ status, body: { code } });
  });

  it('a verification by email is none by SMS, and errors have their own codes', async () => {
    const email = await client.send(newEmail());
    expect((await client.post('smsVerifications/signin', email)).body.code).toBe('invalid_sms_verification');
    const sms = await client.send('+15551230002');
    const body = { ...sms, verificationToken: wrong(sms.verificationToken) };
    expect((await client.post('smsVerifications/signin', body)).body.code).toBe('wrong_sms_verification_token');
  });
});

describe('a further address', () => {
  it('is linked with a token for it, and cannot sign in unless the environment lets it', async () => {
    const user = await signedIn(world, newEmail());
    const phone = '+15551230003';
    const email = String(user.user.email);
    const refused = await user.post('smsVerifications/verify', await user.send(phone));
    expect(refused).toMatchObject({ status: 403, body: { code: 'elevated_access_token_required' } });
    const elevated = await user.elevate(email, ['credential:link']);
    const linked = await user.post('smsVerifications/verify', await user.send(phone), { elevated });
    expect(linked).toMatchObject({
      status: 200,
      body: {
        nextView: 'done',
        user: {
          phoneNumber: phone,
          verifiedCredentials: [{ format: 'email' }, { format: 'phoneNumber', signInEnabled: false }],
        },
      },
    });
    expect(linked.body).not.toHaveProperty('elevatedAccessToken');
    const again = await user.send(phone);
    const stepUp = await user.post('smsVerifications/verify', { ...again, requestedScopes: ['wallet:export'] });
    expect(stepUp).toMatchObject({ status: 422, body: { code: 'credential_not_enabled_for_sign_in' } });
    expect((await new Client(world).post('smsVerifications/signin', again)).body.code).toBe(
      'credential_not_enabled_for_sign_in',
    );
  });

  it("is nobody else's", async () => {
    const taken = newEmail();
    await signedIn(world, taken);
    const user = await signedIn(world, newEmail());
    const elevated = await user.elevate(String(user.user.email), ['credential:link']);
    expect(await user.post('emailVerifications/verify', await user.send(taken), { elevated })).toMatchObject({
      status: 422,
      body: { code: 'merge_accounts_invalid' },
    });
  });

  it('that two want at once becomes one’s', async () => {
    await world.control.settings({ dynamic: { otpSends: 100, enforce: { 'emailVerifications/verify': false } } });
    const wanted = newEmail();
    const users = await Promise.all([newEmail(), newEmail()].map((email) => signedIn(world, email)));
    const bodies = [await client.send(wanted), await client.send(wanted)];
    const answers = await Promise.all(users.map((one, at) => one.post('emailVerifications/verify', bodies[at])));
    await world.control.settings({ dynamic: { otpSends: 3, enforce: { 'emailVerifications/verify': true } } });
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 422]);
  });

  it('makes one user, however many sign in with it at once', async () => {
    await world.control.settings({ dynamic: { otpSends: 100 } });
    const email = newEmail();
    const bodies: unknown[] = [];
    while (bodies.length < 10) bodies.push(await client.send(email));
    const answers = await Promise.all(bodies.map((body) => client.post('emailVerifications/signin', body)));
    await world.control.settings({ dynamic: { otpSends: 3 } });
    expect(answers.every(({ status }) => status === 200)).toBe(true);
    expect(new Set(answers.map(({ body }) => (body.user as { id: string }).id)).size).toBe(1);
  });

  it('needs no token where the settings say so', async () => {
    await world.control.settings({ dynamic: { enforce: { 'emailVerifications/verify': false } } });
    const user = await signedIn(world, newEmail());
    expect((await user.post('emailVerifications/verify', await user.send(newEmail()))).status).toBe(200);
    await world.control.settings({ dynamic: { enforce: { 'emailVerifications/verify': true } } });
  });
});
