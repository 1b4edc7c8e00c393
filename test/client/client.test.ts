import { getEventListeners } from 'node:events';
import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  createClient,
  StepupError,
  type Answers,
  type Client,
  type ClientOptions,
  type StepEvent,
} from '../../src/client/client.js';
import { startApi, type Api } from '../support/api.js';
import { PHONE, startApplication, type Application } from '../support/application.js';
import { startEnvironment, type Environment } from '../support/dynamic-application.js';

const SCOPE = 'transfer:write';

let app: Application;
let api: Api;
let clients: Client[] = [];
beforeAll(async () => {
  app = await startApplication();
});
beforeEach(async () => {
  const { jwksUrl, issuer } = app.ready.prelude;
  api = await startApi({ jwksUrl, issuer });
  await app.addUser();
  await app.allow(
    { scope: SCOPE },
    { scope: 'key:export', grantMode: 'single-use' },
    { scope: 'kyc:done', steps: ['kyc'] },
  );
});
afterEach(async () => {
  for (const client of clients) client.close();
  clients = [];
  await api.close();
  await app.reset();
});
afterAll(() => app.close());

async function open(options: ClientOptions = {}): Promise<Client> {
  const client = await createClient({ home: app.home, emulator: app.url, ...options });
  clients.push(client);
  return client;
}
const answers: Answers = { code: async () => (await app.newest()).code };

/** Goes to the end, with the newest code for each step that wants one. */
async function walked(events: AsyncGenerator<StepEvent, void>): Promise<string[]> {
  const seen: string[] = [];
  for await (const event of events) {
    seen.push(event.type);
    if (event.type === 'step') event.step.answer({ code: (await app.newest()).code });
  }
  return seen;
}
const codeOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'done',
    (error: unknown) => (error instanceof StepupError ? error.code : error),
  );

test('a login and a step-up are iterations over events; the session is the store’s, for commands too', async () => {
  const client = await open();
  expect(client.provider).toBe('prelude');
  expect(await client.session()).toBeUndefined();
  expect(await codeOf(client.check(SCOPE))).toBe('NOT_LOGGED_IN');
  expect(await walked(client.login({ kind: 'phone', phone: PHONE }))).toEqual(['code-sent', 'step', 'logged-in']);
  expect(await client.session()).toMatchObject({ provider: 'prelude', identifier: PHONE });
  expect((await app.run(['whoami'])).stdout).toMatch(/^usr_/);

  expect(await client.check(SCOPE)).toMatchObject({ required: true });
  const seen = await walked(client.request(SCOPE));
  expect(seen.at(0)).toBe('challenge');
  expect(seen.at(-1)).toBe('granted');
  expect(await client.check(SCOPE)).toMatchObject({ required: false });
  expect((await client.grants()).map(({ scopes }) => scopes)).toEqual([[SCOPE]]);
  expect((await app.run(['check', SCOPE])).status).toBe(0);
  expect(await client.logout()).toBe(true);
  expect((await app.run(['whoami'])).status).toBe(4);
});

test('a challenge that is left is taken up by another client on the store', async () => {
  await app.login();
  const first = await open();
  for await (const event of first.request(SCOPE)) if (event.type === 'step') break;
  const second = await open();
  const [challenge] = await second.challenges();
  expect(challenge?.scopeRequested).toBe(SCOPE);
  expect((await walked(second.resume(challenge!.challengeId))).at(-1)).toBe('granted');
  expect(await first.challenges()).toEqual([]);
});

describe('a token', () => {
  beforeEach(() => app.login());

  test('of the session, or of scopes: by stepping up with the answers where none is held', async () => {
    const client = await open({ answers });
    const plain = await client.token();
    expect(plain).toEqual({
      accessToken: expect.stringMatching(/^eyJ/),
      expiresAt: expect.any(String),
      singleUse: false,
    });
    const elevated = await client.token({ scope: SCOPE });
    const answer = await fetch(`${api.origin}/needs/${SCOPE}`, {
      headers: { authorization: `Bearer ${elevated.accessToken}` },
    });
    expect(answer.status).toBe(200);
    const once = await client.token({ scope: 'key:export' });
    expect(once.singleUse).toBe(true);
    expect(await client.check('key:export')).toMatchObject({ required: true });
  });

  test('that nobody can answer for is INPUT_NEEDED, with what is missing', async () => {
    const client = await open();
    const error = (await client.token({ scope: SCOPE }).catch((reason: unknown) => reason)) as StepupError;
    expect(error).toBeInstanceOf(StepupError);
    expect([error.code, error.field]).toEqual(['INPUT_NEEDED', 'answers.code']);
    expect(await codeOf(client.token({ scope: 'kyc:done' }))).toBe('INPUT_NEEDED');
  });

  test('is not had with wrong codes: three tries, then CODE_WRONG', async () => {
    let asked = 0;
    const wrong = async (): Promise<string> => {
      asked += 1;
      const { code } = await app.newest();
      return code.replace(/\d/g, (digit) => String((Number(digit) + 1) % 10));
    };
    const client = await open({ answers: { code: wrong } });
    expect(await codeOf(client.token({ scope: SCOPE }))).toBe('CODE_WRONG');
    expect(asked).toBe(3);
  });

  test('has three tries for each step', async () => {
    await app.allow({ scope: 'two:steps', steps: ['verify_sms', 'verify_email'] });
    let asked = 0;
    const code = async (): Promise<string> => {
      asked += 1;
      const { code: right } = await app.newest();
      // Wrong twice at each of them.
      return asked % 3 === 0 ? right : right.replace(/\d/g, (digit) => String((Number(digit) + 1) % 10));
    };
    const client = await open({ answers: { code } });
    expect(await codeOf(client.token({ scope: 'two:steps' }))).toBe('done');
    expect(asked).toBe(6);
  });

  test('what the program’s own answer throws comes out as it is', async () => {
    const own = new Error('no inbox');
    const client = await open({ answers: { code: () => Promise.reject(own) } });
    await expect(client.token({ scope: SCOPE })).rejects.toBe(own);
  });
});

describe('fetch', () => {
  beforeEach(() => app.login());

  test('calls as the user, steps up for the scope that was named, and gives a Response', async () => {
    const client = await open({ answers, allowOrigins: [api.origin] });
    const response = await client.fetch(`${api.origin}/needs/${SCOPE}`, {
      scope: SCOPE,
      method: 'PUT',
      headers: { 'content-type': 'text/plain' },
      body: 'hello',
    });
    expect(response).toBeInstanceOf(Response);
    expect([response.status, response.ok, response.url]).toEqual([200, true, `${api.origin}/needs/${SCOPE}`]);
    expect(await response.json()).toMatchObject({ method: 'PUT', body: 'hello' });
    expect(api.heard).toHaveLength(2);
  });

  test('leaves a scope that only the API names to the program', async () => {
    const client = await open({ answers, allowOrigins: [api.origin] });
    const response = await client.fetch(new URL(`${api.origin}/needs/${SCOPE}`));
    expect(response.status).toBe(403);
    expect(response.headers.get('www-authenticate')).toContain(SCOPE);
    expect(await client.grants()).toEqual([]);
  });

  test('sends no token to an origin that is not allowed, nor by plain http beyond this machine', async () => {
    const client = await open({ answers });
    expect(await codeOf(client.fetch(`${api.origin}/me`))).toBe('ORIGIN_NOT_ALLOWED');
    expect(await codeOf(client.fetch('http://api.example.com/me'))).toBe('ORIGIN_NOT_ALLOWED');
    expect(api.heard).toEqual([]);
    await app.run(['fetch', `${api.origin}/me`, '--allow-origin', api.origin]);
    expect((await client.fetch(`${api.origin}/me`)).status).toBe(200);
  });

  test('follows redirects within the origin, and no others', async () => {
    api.on('/near', (_, response) => void response.writeHead(302, { location: '/me' }).end());
    api.on('/far', (_, response) => void response.writeHead(302, { location: 'https://evil.example/' }).end());
    const client = await open({ allowOrigins: [api.origin] });
    const near = await client.fetch(`${api.origin}/near`);
    expect([near.status, near.url]).toEqual([200, `${api.origin}/me`]);
    expect((await client.fetch(`${api.origin}/near`, { redirect: 'manual' })).status).toBe(302);
    expect((await client.fetch(`${api.origin}/far`)).status).toBe(302);
  });

  test('gives a body as it comes, none for 204, and what a form sends', async () => {
    let finish: () => void = () => undefined;
    api.on('/stream', (_, response) => {
      response.write('one');
      finish = () => void response.end('two');
    });
    api.on('/nothing', (_, response) => void response.writeHead(204).end());
    const client = await open({ allowOrigins: [api.origin] });
    const { body } = await client.fetch(`${api.origin}/stream`);
    const pieces: string[] = [];
    for await (const piece of body as unknown as AsyncIterable<Uint8Array>) {
      pieces.push(Buffer.from(piece).toString());
      finish();
    }
    expect(pieces).toEqual(['one', 'two']);
    expect((await client.fetch(`${api.origin}/nothing`)).body).toBeNull();
    await client.fetch(`${api.origin}/me`, { method: 'POST', body: new URLSearchParams({ a: '1' }) });
    expect(api.heard.at(-1)?.headers['content-type']).toMatch(/^application\/x-www-form-urlencoded/);
  });

  test('ends with the program’s own signal, and with close', async () => {
    api.on('/slow', () => undefined);
    const client = await open({ allowOrigins: [api.origin] });
    const stop = new AbortController();
    const call = codeOf(client.fetch(`${api.origin}/slow`, { signal: stop.signal }));
    setTimeout(() => stop.abort(), 50);
    expect(await call).toBe('INTERRUPTED');
    const other = codeOf(client.fetch(`${api.origin}/slow`));
    setTimeout(() => client.close(), 50);
    expect(await other).toBe('INTERRUPTED');
  });

  test('a wait for an answer ends with them, too, and what is answered later is not used', async () => {
    const late: ((code: string) => void)[] = [];
    const waiting = (): Promise<string> => new Promise((answer) => void late.push(answer));
    const client = await open({ allowOrigins: [api.origin], answers: { code: waiting } });
    const stop = new AbortController();
    const call = codeOf(client.fetch(`${api.origin}/needs/${SCOPE}`, { scope: SCOPE, signal: stop.signal }));
    await expect.poll(() => late.length).toBe(1);
    stop.abort();
    expect(await call).toBe('INTERRUPTED');
    late[0]!((await app.newest()).code);
    // Whatever that would have set off, the service has answered before this.
    expect(await client.check(SCOPE)).toMatchObject({ required: true });
    expect(await client.challenges()).toHaveLength(1);
    const token = codeOf(client.token({ scope: SCOPE }));
    await expect.poll(() => late.length).toBe(2);
    client.close();
    expect(await token).toBe('INTERRUPTED');
    late[1]!((await app.newest()).code);
    expect(await (await open()).grants()).toEqual([]);
  });

  test('steps up once for calls and tokens that want the same at once', async () => {
    let asked = 0;
    const code = async (): Promise<string> => {
      asked += 1;
      return (await app.newest()).code;
    };
    const client = await open({ allowOrigins: [api.origin], answers: { code } });
    const call = async (): Promise<number> =>
      (await client.fetch(`${api.origin}/needs/${SCOPE}`, { scope: SCOPE })).status;
    const token = client.token({ scope: SCOPE });
    expect(await Promise.all([call(), call(), call()])).toEqual([200, 200, 200]);
    expect((await token).accessToken).toMatch(/^eyJ/);
    expect(asked).toBe(1);
    const once = await Promise.all([1, 2].map(() => client.token({ scope: 'key:export' })));
    expect(new Set(once.map(({ accessToken }) => accessToken)).size).toBe(2);
    expect(asked).toBe(3);
  });

  test('leaves nothing behind on a signal that lives on', async () => {
    const client = await open({ allowOrigins: [api.origin] });
    api.on('/none', (_, response) => void response.writeHead(204).end());
    api.on('/reset', (_, response) => void response.writeHead(205).end());
    const { signal } = new AbortController();
    for (const path of ['/none', '/reset', '/me']) {
      await (await client.fetch(`${api.origin}${path}`, { signal })).text();
      await (await client.fetch(`${api.origin}${path}`, { signal, method: 'HEAD' })).text();
    }
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  test('tells where the answer came from, as a Response does', async () => {
    const client = await open({ allowOrigins: [api.origin] });
    const there = await client.fetch(`${api.origin}/me`);
    expect([there.redirected, there.url, there.clone().url]).toEqual([false, `${api.origin}/me`, `${api.origin}/me`]);
    expect((await client.fetch(`${api.origin}/me#part`)).redirected).toBe(false);
    api.on('/moved', (_, response) => void response.writeHead(302, { location: '/me' }).end());
    const moved = await client.fetch(`${api.origin}/moved`);
    expect([moved.redirected, moved.url]).toEqual([true, `${api.origin}/me`]);
    expect(await codeOf(client.fetch(`${api.origin}/moved`, { redirect: 'error' }))).toBe('REFUSED');
    api.on('/odd', (_, response) => void response.writeHead(799).end());
    expect(await codeOf(client.fetch(`${api.origin}/odd`))).toBe('ANSWER_MALFORMED');
  });

  test.each<[string, string, object, string]>([
    ['a redirect that is none', 'http://127.0.0.1/', { redirect: 'never' }, 'FLAG_INVALID'],
    ['no address', 'nowhere', {}, 'URL_INVALID'],
    ['no http', 'ftp://127.0.0.1/', {}, 'URL_INVALID'],
    ['a body for GET', 'http://127.0.0.1/', { body: 'x' }, 'FLAG_INVALID'],
    ['a method that is none', 'http://127.0.0.1/', { method: 'A B' }, 'FLAG_INVALID'],
    ['a password in the address', 'http://ada:s3cret@127.0.0.1/', {}, 'URL_INVALID'],
    ['a header of two lines', 'http://127.0.0.1/', { headers: { 'x-key': 's3cret\r\nx: y' } }, 'FLAG_INVALID'],
    ['a header for the token that is none', 'http://127.0.0.1/', { elevatedHeader: 'x y' }, 'FLAG_INVALID'],
    ['the header of the other token', 'http://127.0.0.1/', { elevatedHeader: 'Authorization' }, 'FLAG_INVALID'],
  ])('%s', async (_, url, init, code) => {
    const client = await open({ allowOrigins: ['http://127.0.0.1'] });
    const error = (await client.fetch(url, init).catch((reason: unknown) => reason)) as StepupError;
    expect(error.code).toBe(code);
    expect(inspect(error)).not.toContain('s3cret');
  });
});

test('at Dynamic the elevated token goes beside the session’s', async () => {
  const env: Environment = await startEnvironment();
  const { jwksUrl, issuer } = env.ready.dynamic;
  const elevatedHeader = 'x-dyn-elevated-access-token';
  const other = await startApi({ jwksUrl, issuer, elevatedHeader, once: true });
  await env.login();
  const client = await createClient({
    home: env.home,
    emulator: env.url,
    provider: 'dynamic',
    allowOrigins: [other.origin],
    answers: { code: async () => (await env.newest()).code },
  });
  clients.push(client);
  const response = await client.fetch(`${other.origin}/needs/wallet:export`, { scope: 'wallet:export' });
  expect(response.status).toBe(200);
  expect(other.heard.at(-1)?.headers[elevatedHeader]).toMatch(/^eyJ/);
  expect(await client.grants()).toEqual([]);
  await other.close();
  await env.close();
});

describe('createClient refuses', () => {
  test.each<[string, ClientOptions, string]>([
    ['a profile that there is not', { profile: 'nobody', emulator: undefined }, 'PROFILE_UNKNOWN'],
    ['an origin with a path', { allowOrigins: ['https://api.example.com/x'] }, 'ORIGIN_INVALID'],
    ['no time at all', { timeoutSeconds: 0 }, 'FLAG_INVALID'],
    ['a profile of an emulator', { profile: 'a' }, 'FLAG_CONFLICT'],
  ])('%s', async (_, options, code) => {
    expect(await codeOf(open(options))).toBe(code);
  });
});

test.each<[unknown, string | undefined]>([
  [{ profil: 'x' }, undefined],
  [{ answers: { kode: () => '' } }, undefined],
  [null, undefined],
  [{ timeoutSeconds: '5' }, 'timeoutSeconds'],
  [{ timeoutSeconds: 0 }, 'timeoutSeconds'],
  [{ allowOrigins: 'https://api.example.com' }, 'allowOrigins'],
  [{ allowOrigins: ['http://api.example.com'] }, 'allowOrigins'],
  [{ allowOrigins: [5] }, 'allowOrigins'],
  [{ home: 5 }, 'home'],
])('the options cannot be %j', async (options, field) => {
  const error: unknown = await createClient(options as ClientOptions).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(StepupError);
  expect((error as StepupError).field).toBe(field);
});
