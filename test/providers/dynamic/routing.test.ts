/** Which way a scope is proved, and what is said where a way is not open. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createKeyring } from '../../../src/providers/keyring.js';
import type { DynamicProvider } from '../../../src/providers/dynamic/provider.js';
import type { Choice, RequestOptions } from '../../../src/providers/provider.js';
import { EMAIL, PHONE, startEnvironment, type Environment } from '../../support/dynamic-application.js';
import { temporaryHome } from '../../support/stepup.js';
import { startFront, type Front } from './front.js';
import { drive, enrolTotp, failure, granted, hold, inbox, library, logIn, newWallet, storeOf } from './library.js';

let env: Environment;
let front: Front;
let provider: DynamicProvider;
beforeAll(async () => {
  env = await startEnvironment();
  front = await startFront(env.url, env.ready.dynamic.environmentId);
});
beforeEach(async () => {
  await env.control.settings({ dynamic: { multipleSignInCredentials: true } });
  provider = library(env, { apiUrl: front.apiUrl });
});
afterEach(async () => {
  front.forget();
  await env.reset();
});
afterAll(async () => {
  await front.stop();
  await env.close();
});

const SCOPE = 'user:update';

/** The ways that are offered; empty when it goes straight. */
async function offered(how: RequestOptions): Promise<Choice[]> {
  for await (const event of provider.request([SCOPE], how)) {
    if (event.type === 'step' && event.step.kind === 'choice') return event.step.choices;
    return [];
  }
  return [];
}
const refusal = (how: RequestOptions) => failure(drive(provider.request([SCOPE], how), inbox(env)));
async function linked(name: string): Promise<string> {
  await newWallet(env, name);
  await hold(env, provider, 'credential:link').catch(() => undefined);
  return (await provider.linkWallet(name)).id;
}

describe('several devices', () => {
  async function both(): Promise<{ totp: string; passkey: { id: string; credentialId: string } }> {
    await logIn(env, provider);
    const totp = await enrolTotp(env, provider);
    const { id, credentialId = '' } = await provider.addPasskey();
    return { totp, passkey: { id, credentialId } };
  }

  test('the newest is first while none is the default, then the default; recovery codes are last', async () => {
    const { totp, passkey } = await both();
    const ids = async (): Promise<string[]> => (await offered({})).map(({ id }) => id);
    expect(await ids()).toEqual([passkey.credentialId, totp, 'recovery']);
    await provider.makeDefaultMfa(totp);
    expect(await ids()).toEqual([totp, passkey.credentialId, 'recovery']);
    await provider.makeDefaultMfa(passkey.id);
    expect(await ids()).toEqual([passkey.credentialId, totp, 'recovery']);
    expect((await offered({ method: 'mfa' })).map(({ label }) => label.split(':')[0])).toEqual([
      'passkey',
      'authenticator app',
      'recovery code',
    ]);
  });

  test('one that is named, by either of a passkey’s ids, goes straight', async () => {
    const { totp, passkey } = await both();
    for (const using of [passkey.id, passkey.credentialId]) {
      const grant = await granted(provider.request([SCOPE], { using }));
      expect(grant.factors).toEqual(['verify_passkey']);
    }
    expect(await offered({ using: totp })).toEqual([]);
    expect(await offered({ method: 'mfa', using: totp })).toEqual([]);
  });

  test('a passkey whose key is elsewhere is not offered', async () => {
    const { passkey } = await both();
    await createKeyring(storeOf(env)).removePasskey(passkey.credentialId);
    expect(await offered({})).toEqual([]);
    expect(await refusal({ method: 'passkey' })).toMatchObject({ code: 'NO_METHOD' });
    expect(await refusal({ method: 'passkey', using: passkey.id })).toMatchObject({
      code: 'METHOD_REFUSED',
      message: expect.stringContaining('its key is not in this store'),
    });
  });
});

describe('several credentials', () => {
  test('that of the sign-in is first', async () => {
    await newWallet(env, 'first');
    await drive(provider.login({ kind: 'wallet' }));
    const [wallet] = (await provider.credentials()).map(({ id }) => id);
    await hold(env, provider, 'credential:link').catch(() => undefined);
    await granted(provider.request(['credential:link'], { method: 'wallet' }));
    const second = await (async () => {
      await newWallet(env, 'second');
      return provider.linkWallet('second');
    })();
    expect((await offered({})).map(({ id }) => id)).toEqual([wallet, second.id]);
    const again = library(env, { apiUrl: front.apiUrl });
    await drive(again.login({ kind: 'wallet', using: 'second' }));
    expect((await offered({})).map(({ id }) => id)).toEqual([second.id, wallet]);
  });

  test('a method leaves those that fit; a wallet is named by id, name or address', async () => {
    await logIn(env, provider);
    const id = await linked('main');
    const { address } = (await createKeyring(storeOf(env)).wallets()).get('main')!;
    expect(await offered({ method: 'email' })).toEqual([]);
    for (const using of [id, 'main', address, address.toLowerCase()]) {
      const grant = await granted(provider.request([SCOPE], { method: 'wallet', using }));
      expect(grant.factors).toEqual(['verify_wallet']);
    }
    expect(await refusal({ method: 'sms' })).toMatchObject({ code: 'NO_METHOD', field: '--method' });
  });

  test('one that is not enabled for sign-in cannot be used', async () => {
    await env.control.settings({ dynamic: { multipleSignInCredentials: false } });
    await logIn(env, provider);
    const id = await linked('main');
    expect(await offered({})).toEqual([]);
    expect(await refusal({ using: id })).toMatchObject({
      code: 'METHOD_REFUSED',
      message: expect.stringContaining('it is not enabled for sign-in'),
    });
    expect(await refusal({ method: 'wallet' })).toMatchObject({
      code: 'NO_METHOD',
      message: expect.stringContaining('it is not enabled for sign-in'),
    });
  });
});

describe('re-authentication beside MFA', () => {
  test('a credential that is named is refused before anything is sent', async () => {
    await logIn(env, provider);
    await enrolTotp(env, provider);
    const [email] = await provider.credentials();
    const { id } = await env.newest();
    expect(await refusal({ using: email!.id })).toMatchObject({ code: 'METHOD_REFUSED' });
    expect((await env.newest()).id).toBe(id);
  });

  test('--method email is refused by the service, and the challenge is gone', async () => {
    await logIn(env, provider);
    await enrolTotp(env, provider);
    expect(await refusal({ method: 'email' })).toMatchObject({
      code: 'MFA_REQUIRED',
      hint: `Step up with it: stepup request ${SCOPE} --method mfa`,
    });
    expect(await provider.challenges()).toEqual([]);
  });
});

describe('what the user has not', () => {
  test.each<[RequestOptions, string, string | undefined]>([
    [{ using: 'nobody' }, 'CREDENTIAL_UNKNOWN', '--credential'],
    [{ method: 'email', using: 'nobody' }, 'CREDENTIAL_UNKNOWN', '--credential'],
    [{ method: 'wallet', using: 'nobody' }, 'CREDENTIAL_UNKNOWN', '--wallet'],
    [{ method: 'totp', using: 'nobody' }, 'CREDENTIAL_UNKNOWN', '--device'],
    [{ method: 'totp' }, 'NO_METHOD', '--method'],
    [{ method: 'passkey' }, 'NO_METHOD', '--method'],
    [{ method: 'recovery' }, 'NO_METHOD', '--method'],
    [{ method: 'mfa' }, 'NO_METHOD', '--method'],
    [{ method: 'wallet' }, 'NO_METHOD', '--method'],
  ])('%j is %s at %s, and nothing is sent or left behind', async (how, code, field) => {
    await logIn(env, provider);
    const { id } = await env.newest();
    expect(await refusal(how)).toMatchObject({ code, field });
    expect(await provider.challenges()).toEqual([]);
    expect((await env.newest()).id).toBe(id);
  });

  test('the device of another user', async () => {
    const other = await temporaryHome();
    const grace = library(env, { home: other.home });
    await logIn(env, grace, 'grace@example.com');
    const theirs = await enrolTotp(env, grace);
    await logIn(env, provider);
    expect(await refusal({ method: 'totp', using: theirs })).toMatchObject({
      code: 'CREDENTIAL_UNKNOWN',
      field: '--device',
    });
    await enrolTotp(env, provider);
    expect(await refusal({ method: 'totp', using: theirs })).toMatchObject({
      code: 'CREDENTIAL_UNKNOWN',
      field: '--device',
    });
    await other.remove();
  });

  test('a wallet of the store that is another user’s', async () => {
    await newWallet(env, 'theirs');
    await drive(provider.login({ kind: 'wallet' }));
    await logIn(env, provider);
    expect(await refusal({ method: 'wallet', using: 'theirs' })).toMatchObject({
      code: 'METHOD_REFUSED',
      message: 'The wallet "theirs" is not one of this user’s.',
      hint: 'Link it with: stepup wallet link theirs',
    });
  });

  test('a wallet of the user whose key is not in the store', async () => {
    const other = await temporaryHome();
    const elsewhere = library(env, { home: other.home });
    await newWallet(env, 'main', other.home);
    await logIn(env, elsewhere);
    await hold(env, elsewhere, 'credential:link');
    const { id } = await elsewhere.linkWallet('main');
    await logIn(env, provider);
    expect(await refusal({ using: id })).toMatchObject({
      code: 'METHOD_REFUSED',
      message: expect.stringContaining('its key is not in this store (stepup wallet import)'),
    });
    await other.remove();
  });

  test('an embedded wallet is refused with the reason, here and by the service', async () => {
    front.rewrite('POST /wallets/signin', (body) => ({ ...body, walletProvider: 'embeddedWallet' }));
    await newWallet(env, 'main');
    await drive(provider.login({ kind: 'wallet' }));
    const [{ id, embedded }] = (await provider.credentials()) as unknown as [{ id: string; embedded: boolean }];
    expect(embedded).toBe(true);
    for (const how of [{ using: id }, { method: 'wallet', using: 'main' }] as RequestOptions[]) {
      expect(await refusal(how)).toMatchObject({
        code: 'METHOD_REFUSED',
        message: expect.stringContaining('an embedded wallet, whose signature proves nothing about the person'),
      });
    }
    expect(await refusal({})).toMatchObject({ code: 'NO_METHOD', message: expect.stringContaining('embedded wallet') });

    front.alter('GET /users', ({ body }) => ({
      body: JSON.parse(JSON.stringify(body).replace('embeddedWallet', 'qrCode')) as unknown,
    }));
    await provider.credentials();
    expect(await refusal({ method: 'wallet' })).toMatchObject({
      code: 'METHOD_REFUSED',
      serviceCode: 'embedded_wallet_not_allowed',
    });
  });

  test('a user of the developer’s backend is told of the assertion', async () => {
    front.alter('GET /users', ({ body }) => ({
      body: {
        ...(body as object),
        verifiedCredentials: [{ id: 'ext_1', format: 'externalUser', public_identifier: 'user-1' }],
      },
    }));
    await logIn(env, provider);
    await provider.credentials();
    expect(await refusal({})).toMatchObject({ code: 'NO_METHOD', message: expect.stringContaining('use --assertion') });
  });
});

describe('a passkey', () => {
  test('of another origin is not used, and nothing of it is sent', async () => {
    await env.control.settings({ dynamic: { allowedOrigins: ['https://app.example', 'http://localhost:3000'] } });
    await logIn(env, provider);
    await hold(env, provider, 'credential:link');
    await provider.addPasskey();
    provider = library(env, { apiUrl: front.apiUrl, origin: 'https://app.example' });
    front.seen.length = 0;
    expect(await refusal({ method: 'passkey' })).toMatchObject({
      code: 'NO_METHOD',
      message: expect.stringContaining('it is for localhost, and the origin is of app.example'),
    });
    expect(await refusal({})).toMatchObject({ code: 'NO_METHOD' });
    expect(front.calls()).not.toContain('POST /users/mfa/auth/passkey');
    expect(await provider.challenges()).toEqual([]);
  });

  test('of another user is not used though the service lists none', async () => {
    await logIn(env, provider, 'grace@example.com');
    await hold(env, provider, 'credential:link');
    await provider.addPasskey();
    await logIn(env, provider);
    await enrolTotp(env, provider);
    expect(await refusal({ method: 'passkey' })).toMatchObject({ code: 'NO_METHOD' });
    expect(front.calls()).not.toContain('POST /users/mfa/auth/passkey');
  });

  test('for a domain that is not the origin’s is a refused origin', async () => {
    await logIn(env, provider);
    await hold(env, provider, 'credential:link');
    await provider.addPasskey();
    front.alter('GET /users/passkeys/authenticate', ({ body }) => ({
      body: { ...(body as object), rpId: 'evil.example' },
    }));
    expect(await refusal({ method: 'passkey' })).toMatchObject({ code: 'ORIGIN_INVALID' });
    expect(front.calls()).not.toContain('POST /users/mfa/auth/passkey');
  });

  test('a signature that the service does not take is refused, and the challenge is over', async () => {
    await logIn(env, provider);
    await hold(env, provider, 'credential:link');
    await provider.addPasskey();
    front.rewrite('POST /users/mfa/auth/passkey', (body) => ({
      ...body,
      response: { ...(body.response as object), signature: 'MEUCIQ' },
    }));
    expect(await refusal({ method: 'passkey' })).toMatchObject({
      code: 'REFUSED',
      serviceCode: 'invalid_verification',
    });
    expect(await provider.challenges()).toEqual([]);
    expect(await provider.grants()).not.toContainEqual(expect.objectContaining({ scopes: [SCOPE] }));
  });
});

describe('a wallet’s signature', () => {
  test('by the wrong key is refused', async () => {
    await newWallet(env, 'main');
    await drive(provider.login({ kind: 'wallet' }));
    front.rewrite('POST /wallets/verify', (body) => ({ ...body, messageToSign: `${String(body.messageToSign)} ` }));
    expect(await refusal({ method: 'wallet' })).toMatchObject({ code: 'REFUSED', serviceCode: 'invalid_verification' });
    expect(await provider.challenges()).toEqual([]);
  });

  test('carries domain, environment and the nonce of the service', async () => {
    const { address } = await newWallet(env, 'main');
    await drive(provider.login({ kind: 'wallet' }));
    await drive(provider.request([SCOPE], { method: 'wallet' }));
    const { body } = front.seen.findLast(({ path }) => path === '/wallets/verify')!;
    expect(String(body!.messageToSign).split('\n')).toEqual([
      'localhost:3000 wants you to sign in with your Ethereum account:',
      address,
      '',
      expect.any(String),
      '',
      'URI: http://localhost:3000/',
      'Version: 1',
      'Chain ID: 1',
      expect.stringMatching(/^Nonce: [0-9a-f]{32}$/),
      expect.stringMatching(/^Issued At: \d{4}-\d\d-\d\dT[\d:.]+Z$/),
      `Request ID: ${env.ready.dynamic.environmentId}`,
    ]);
    expect(body).toMatchObject({ publicWalletAddress: address, chain: 'EVM', network: '1', requestedScopes: [SCOPE] });
  });
});

test('a phone number and an address are told apart by what the service calls them', async () => {
  await drive(provider.login({ kind: 'phone', phone: PHONE }), inbox(env));
  expect(await provider.check('wallet:export')).toMatchObject({ credentials: [{ method: 'sms', label: PHONE }] });
  expect(front.seen.find(({ path }) => path === '/smsVerifications/create')!.body).toEqual({
    phoneCountryCode: '1',
    phoneNumber: '5551234242',
    isoCountryCode: 'US',
  });
  await logIn(env, provider);
  expect(await provider.check('wallet:export')).toMatchObject({ credentials: [{ method: 'email', label: EMAIL }] });
});
