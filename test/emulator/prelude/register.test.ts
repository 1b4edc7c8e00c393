/** The reserved scopes that add an identifier to a user. */
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Client, loggedIn, startWorld, tokenOf, wrong, type Answer, type World } from './client.js';

const PHONE = '+33677700001';
const EMAIL = 'new@example.com';
const MANAGED = [
  { scope: 'prld:phone:register', mode: 'managed' },
  { scope: 'prld:email:register', mode: 'managed' },
];

let world: World;
let client: Client;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.stop());
beforeEach(async () => {
  await world.control.clearState();
  await world.configure(MANAGED);
  client = await loggedIn(world, PHONE);
});

const ask = (identifier: unknown, scope = 'prld:email:register', who = client): Promise<Answer> =>
  who.request(scope, identifier === undefined ? {} : { metadata: { identifier } });
const identifiers = async (who = client): Promise<unknown> =>
  (await who.call('/me/identifiers', { method: 'GET', bearer: who.access })).body.identifiers;

describe('a managed scope', () => {
  it('sends the code to the new address, and attaches it when the code was right', async () => {
    const answer = await ask(EMAIL);
    expect(answer.body.status).toBe('review');
    const token = tokenOf(answer);
    expect(decodeJwt(token)).toMatchObject({
      current_step: 'verify_email',
      steps: [{ order: 1, key: 'verify_email', done: false }],
      metadata: { identifier: EMAIL },
    });
    expect((await client.sendCode(token)).status).toBe(204);
    expect((await world.control.messages({ to: EMAIL })).at(-1)).toMatchObject({
      purpose: 'register',
      channel: 'email',
    });
    const code = await world.code(EMAIL);
    expect((await client.checkCode(token, wrong(code))).body.code).toBe('bad_check_code');
    expect(await identifiers()).toEqual([{ type: 'phone_number', value: PHONE }]);
    const done = tokenOf(await client.checkCode(token, code));
    expect(decodeJwt(done).current_step).toBe('completed');
    expect(await identifiers()).toEqual([
      { type: 'phone_number', value: PHONE },
      { type: 'email_address', value: EMAIL },
    ]);
    expect((await client.refreshWith(done)).status).toBe(200);
    expect(client.scopes).toBe('prld:email:register');
    const { sub } = decodeJwt(client.access);
    expect(world.events).toContainEqual(
      expect.objectContaining({
        type: 'user.identifier.created',
        user_id: sub,
        identifier: { type: 'email_address', value: EMAIL },
      }),
    );
    expect(decodeJwt((await loggedIn(world, EMAIL)).access).sub).toBe(sub);
  });

  it('adds a phone number of its own', async () => {
    const token = tokenOf(await ask('+33677700002', 'prld:phone:register'));
    await client.sendCode(token);
    expect((await client.checkCode(token, await world.code('+33677700002'))).status).toBe(200);
    expect(await identifiers()).toHaveLength(2);
  });

  it.each<[string, unknown, string, string]>([
    ['no identifier', undefined, 'prld:email:register', 'invalid_identifier'],
    ['no address', 'nobody', 'prld:email:register', 'invalid_identifier'],
    ['a phone number for an address', '+33677700002', 'prld:email:register', 'invalid_identifier'],
    ['an address for a phone number', EMAIL, 'prld:phone:register', 'invalid_identifier'],
    ['a number', 7, 'prld:email:register', 'invalid_metadata'],
    ['321 characters', `${'a'.repeat(309)}@example.com`, 'prld:email:register', 'invalid_metadata'],
  ])('is refused with %s', async (_, identifier, scope, code) => {
    expect(await ask(identifier, scope)).toMatchObject({ status: 400, body: { code } });
  });

  it("is refused with somebody's identifier, the user's own too, whatever its case", async () => {
    await loggedIn(world, EMAIL);
    expect(await ask(EMAIL.toUpperCase())).toMatchObject({ status: 409, body: { code: 'identifier_already_exists' } });
    expect((await ask(PHONE, 'prld:phone:register')).body.code).toBe('identifier_already_exists');
  });

  it('loses to whoever took the identifier in between, and attaches nothing', async () => {
    const token = tokenOf(await ask(EMAIL));
    await client.sendCode(token);
    const code = await world.code(EMAIL);
    await loggedIn(world, EMAIL);
    expect(await client.checkCode(token, code)).toMatchObject({
      status: 409,
      body: { code: 'identifier_already_exists' },
    });
    expect(await identifiers()).toHaveLength(1);
  });

  it('attaches once of many right codes at once', async () => {
    const token = tokenOf(await ask(EMAIL));
    await client.sendCode(token);
    const code = await world.code(EMAIL);
    const answers = await Promise.all(Array.from({ length: 4 }, () => client.checkCode(token, code)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(await identifiers()).toHaveLength(2);
  });

  it('needs an OTP login configuration of its channel, when the code is wanted', async () => {
    const { body } = await world.manage('GET', '/config/login/otp');
    for (const { id } of body.login_configs as { id: string }[])
      await world.manage('DELETE', `/config/login/otp/${id}`);
    const token = tokenOf(await ask(EMAIL));
    expect(await client.sendCode(token)).toMatchObject({ status: 403, body: { code: 'no_login_config' } });
  });
});

it('/me/identifiers needs a bearer', async () => {
  expect((await client.call('/me/identifiers', { method: 'GET' })).status).toBe(401);
});
