import { createHash } from 'node:crypto';
import { calculateJwkThumbprint, decodeJwt, decodeProtectedHeader, type JWK } from 'jose';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { CredentialKey, JsonObject } from '../../../src/store/store.js';
import { createStore } from '../../../src/store/create.js';
import { startApi, type Api } from '../../support/api.js';
import { startApplication, type Application } from '../../support/application.js';
import type { Outcome, RunOptions } from '../../support/stepup.js';

let app: Application;
let api: Api;
let key: CredentialKey;
beforeAll(async () => {
  app = await startApplication();
  key = { provider: 'prelude', host: new URL(app.url).host, application: app.ready.prelude.appId };
});
beforeEach(async () => {
  const { jwksUrl, issuer } = app.ready.prelude;
  api = await startApi({ jwksUrl, issuer });
  await app.login();
  const session = (await createStore(app.home).session(key))?.['session'] as JsonObject;
  await bind(await calculateJwkThumbprint(session['key'] as JWK, 'sha256'));
});
afterEach(async () => {
  await api.close();
  await app.reset();
});
afterAll(() => app.close());

/** Gives the session a token of the service that is bound to a key, as the service may mint them (RFC 9449 §6.1). */
async function bind(jkt: string, claims: JsonObject = {}): Promise<void> {
  const response = await app.control.call('POST', '/tokens', {
    provider: 'prelude',
    claims: { ...claims, cnf: { jkt } },
  });
  const { token } = (await response.json()) as { token: string };
  await createStore(app.home).updateSession(key, (record) => ({
    ...record,
    session: { ...(record?.['session'] as JsonObject), accessToken: token },
  }));
}

const call = (args: string, options: Partial<RunOptions> = {}): Promise<Outcome> => {
  const [path = '', ...more] = args.split(' ');
  return app.run(['fetch', `${api.origin}${path}`, '--allow-origin', api.origin, ...more], options);
};
const proofOf = (at: number): string => String(api.heard[at]?.headers.dpop);

test('a token that is bound to a key goes with DPoP and a fresh proof; a demanded nonce is answered', async () => {
  const { status, stdout } = await call('/me?q=1#part -X PUT');
  expect([status, JSON.parse(stdout)]).toMatchObject([0, { method: 'PUT' }]);
  expect(api.heard).toHaveLength(2);
  const [, token = ''] = /^DPoP (.+)$/.exec(api.heard[0]?.headers.authorization ?? '') ?? [];
  for (const at of [0, 1]) {
    expect(decodeProtectedHeader(proofOf(at))).toEqual({
      typ: 'dpop+jwt',
      alg: 'ES256',
      jwk: { kty: 'EC', crv: 'P-256', x: expect.any(String), y: expect.any(String) },
    });
    expect(decodeJwt(proofOf(at))).toEqual({
      htm: 'PUT',
      htu: `${api.origin}/me`,
      iat: expect.any(Number),
      jti: expect.any(String),
      ath: createHash('sha256').update(token).digest('base64url'),
      ...[{}, { nonce: expect.any(String) }][at],
    });
  }
  expect(decodeJwt(proofOf(0)).jti).not.toBe(decodeJwt(proofOf(1)).jti);
});

test('each request of a redirect has a proof of its own, for its own address', async () => {
  api.on('/old', (_, response) => response.writeHead(303, { location: '/me' }).end());
  const { status } = await call('/old -L -X POST');
  expect(status).toBe(0);
  const claims = api.heard.map((_, at) => decodeJwt(proofOf(at)));
  expect(claims.map(({ htm, htu }) => [htm, htu])).toEqual([
    ['POST', `${api.origin}/old`],
    ['GET', `${api.origin}/me`],
    ['GET', `${api.origin}/me`],
  ]);
});

test('a nonce that is demanded over and over is answered once', async () => {
  let given = 0;
  api.on('/again', (_, response) => {
    given += 1;
    response.writeHead(401, { 'www-authenticate': 'DPoP error="use_dpop_nonce"', 'dpop-nonce': `n${given}` }).end('no');
  });
  const { status, stdout, stderr } = await call('/again');
  expect({ status, stdout }).toEqual({ status: 0, stdout: 'no' });
  expect(stderr).toContain('nonce');
  expect(api.heard.map((_, at) => decodeJwt(proofOf(at))['nonce'])).toEqual([undefined, 'n1']);
});

test('the proof’s time is the service’s, where our clock is known to be wrong', async () => {
  await createStore(app.home).updateSession(key, (record) => ({
    ...record,
    session: { ...(record?.['session'] as JsonObject), skewSeconds: 3600 },
  }));
  // An hour behind; the token, whose end is by our clock, has an hour more.
  const now = (): number => Date.now() - 3_600_000;
  expect((await call('/me', { now })).status).toBe(0);
  expect(Math.abs(decodeJwt(proofOf(0)).iat! - Date.now() / 1000)).toBeLessThan(10);
});

test('a token that is bound to another key is refused, and token --decode says so', async () => {
  await bind('0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I');
  expect((await call('/me --fail')).status).toBe(3);
  expect((await app.run('token --decode')).stdout).toContain(
    'Key     bound to 0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I, another than this session’s',
  );
});

test('token --decode says that the key is this session’s', async () => {
  expect((await app.run('token --decode')).stdout).toMatch(/^Key {5}bound to \S{43}, the key of this session$/m);
});
