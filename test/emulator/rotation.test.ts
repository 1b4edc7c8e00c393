import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify, type JSONWebKeySet } from 'jose';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NO_REDIS, startRedis } from '../support/redis-server.js';
import { Client as DynamicClient } from './dynamic/client.js';
import { loggedIn, proof, startWorld, tokenOf, type World } from './prelude/client.js';

const PHONE = '+33612345678';
let world: World;
beforeEach(async () => {
  world = await startWorld();
});
afterEach(() => world.stop());

const keySet = async (url: string): Promise<JSONWebKeySet> => (await (await fetch(url)).json()) as JSONWebKeySet;
const kids = async (url: string): Promise<unknown[]> => (await keySet(url)).keys.map(({ kid }) => kid);

describe('rotateKey', () => {
  it('Prelude: a new key signs, the old one is published for a day, sessions go on', async () => {
    const { jwksUrl } = world.emulator.ready.prelude;
    const client = await loggedIn(world, PHONE);
    const before = client.access;
    const [old] = await kids(jwksUrl);
    await world.control.fault({ match: { path: '/v1/session/refresh' }, times: 1, do: { rotateKey: true } });
    expect((await client.refreshWith()).status).toBe(200);
    const published = await kids(jwksUrl);
    expect(published).toEqual([expect.any(String), old]);
    expect(published[0]).not.toBe(old);
    expect(decodeProtectedHeader(client.access).kid).toBe(published[0]);
    const keys = createLocalJWKSet(await keySet(jwksUrl));
    for (const token of [before, client.access]) {
      await expect(jwtVerify(token, keys, { algorithms: ['RS256'] })).resolves.toBeDefined();
      expect((await client.call('/me/list', { method: 'GET', bearer: token })).status).toBe(200);
    }
    expect(world.events.find(({ type }) => type === 'state')).toMatchObject({
      change: 'key-rotated',
      provider: 'prelude',
      kid: published[0],
      formerKid: old,
    });
    await world.control.clock({ advance: 86_399 });
    expect(await kids(jwksUrl)).toEqual(published);
    await world.control.clock({ advance: 1 });
    expect(await kids(jwksUrl)).toEqual([published[0]]);
    await expect(jwtVerify(before, createLocalJWKSet(await keySet(jwksUrl)))).rejects.toThrow('no applicable key');
  });

  it('Prelude: hook calls are signed with it as well, challenges are not', async () => {
    const seen: unknown[] = [];
    const server = createServer((request, response) => {
      seen.push(request.headers['x-webhook-signature-key-id']);
      response.setHeader('content-type', 'application/json');
      response.end('{"status":"block"}');
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const hook = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    await world.configure([{ scope: 'transfer:write', mode: 'delegated', delegated: { delegation_hook: hook } }]);
    const client = await loggedIn(world, PHONE);
    await world.control.fault({ match: { path: '/v1/session/stepup/request' }, do: { rotateKey: true } });
    expect((await client.request('transfer:write')).body).toEqual({ status: 'block' });
    expect((await client.request('transfer:write')).body).toEqual({ status: 'block' });
    const [newest, middle, oldest] = await kids(world.emulator.ready.prelude.jwksUrl);
    expect(seen).toEqual([middle, newest]);
    expect(oldest).toBe(decodeProtectedHeader(client.access).kid);
    await new Promise((done) => server.close(done));
  });

  it('Dynamic: the same, and Prelude keeps its key; a reset keeps the new one', async () => {
    const { dynamic, prelude } = world.emulator.ready;
    const base = `${dynamic.apiBaseUrl}/sdk/${dynamic.environmentId}`;
    const client = new DynamicClient({ ...world, base });
    await client.signIn('ada@example.com');
    const before = client.access;
    const [[old], ofPrelude] = [await kids(dynamic.jwksUrl), await kids(prelude.jwksUrl)];
    await world.control.fault({ match: { path: '/api/v0/sdk/*/refresh' }, times: 1, do: { rotateKey: true } });
    client.keep(await client.post('refresh'));
    const published = await kids(dynamic.jwksUrl);
    expect(published).toEqual([expect.any(String), old]);
    expect([decodeProtectedHeader(client.access).kid, decodeJwt(client.access).kid]).toEqual([
      published[0],
      published[0],
    ]);
    expect((await client.post('stepUp/check', { scope: 'wallet:export' }, { bearer: before })).status).toBe(200);
    expect(await kids(prelude.jwksUrl)).toEqual(ofPrelude);
    await world.control.clearState();
    expect((await kids(dynamic.jwksUrl))[0]).toBe(published[0]);
    expect(JSON.stringify(await world.control.exportState())).not.toContain('PRIVATE KEY');
  });
});

describe('hookTimeout', () => {
  it('the hook is called, and its answer is too late; nothing is granted', async () => {
    let calls = 0;
    const server = createServer((_, response) => {
      calls += 1;
      response.setHeader('content-type', 'application/json');
      response.end('{"status":"continue","grant_mode":"session-bound","granted_for":60}');
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const hook = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook?key=developers-secret`;
    await world.configure([{ scope: 'transfer:write', mode: 'delegated', delegated: { delegation_hook: hook } }]);
    const client = await loggedIn(world, PHONE);
    const user = decodeJwt(client.access).sub;
    await world.control.fault({ match: { identity: user ?? '' }, times: 1, do: { hookTimeout: true } });
    expect(await client.request('transfer:write')).toMatchObject({ status: 500, body: { code: 'internal' } });
    expect(calls).toBe(1);
    const words = 'expected an answer within 5000 ms, got none in time (a fault)';
    const told = world.events.filter(({ type }) => type === 'hook' || type === 'step_up.hook_failed');
    expect(told).toMatchObject([
      {
        url: hook.split('?')[0],
        scope: 'transfer:write',
        userId: user,
        request: { scope_requested: 'transfer:write', user_id: user },
        signature: { kid: decodeProtectedHeader(client.access).kid, alg: 'RSASSA-PSS SHA-256', prefixed: true },
        status: null,
        verdict: null,
        reason: 'request_failed',
        words,
      },
      { type: 'step_up.hook_failed', reason: 'request_failed', words },
    ]);
    expect(JSON.stringify(world.events)).not.toContain('developers-secret');
    const second = await client.request('transfer:write');
    expect(second).toMatchObject({ status: 200, body: { status: 'continue' } });
    expect(tokenOf(second)).toBeTypeOf('string');
    expect(world.events.findLast(({ type }) => type === 'hook')).toMatchObject({
      status: 200,
      verdict: 'continue',
      answer: { status: 'continue', grantMode: 'session-bound', grantedFor: 60 },
      ms: expect.any(Number),
    });
    await new Promise((done) => server.close(done));
  });
});

describe.skipIf(NO_REDIS !== undefined)('two emulators of one store', () => {
  it('know a rotation of the other, and a proof that the other has seen after a move of the clock', async () => {
    const redis = await startRedis();
    const store = redis.url();
    const one = await startWorld({ store });
    const other = await startWorld({ store });
    try {
      const [old] = await kids(other.emulator.ready.prelude.jwksUrl);
      await one.control.fault({ match: { path: '/.well-known/jwks.json' }, times: 1, do: { rotateKey: true } });
      const [current, former] = await kids(one.emulator.ready.prelude.jwksUrl);
      expect(former).toBe(old);
      expect(await kids(other.emulator.ready.prelude.jwksUrl)).toEqual([current, old]);
      await one.control.settings({ requireNonce: false });
      const client = await loggedIn(one, PHONE);
      expect(decodeProtectedHeader(client.access).kid).toBe(current);
      const iat = Math.floor(Date.now() / 1000);
      const dpop = await proof(client.key, { htm: 'POST', htu: `${client.base}/refresh`, iat, jti: 'seen-once' });
      const headers = { dpop, 'x-refresh-token': client.refresh };
      expect((await client.call('/refresh', { headers })).status).toBe(200);
      await other.control.clock({ advance: 3600 });
      expect((await client.call('/refresh', { headers })).body.code).toBe('invalid_dpop_proof');
    } finally {
      await Promise.all([one.stop(), other.stop()]);
      await redis.stop();
    }
  });
});
