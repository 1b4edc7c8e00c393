import { Hono } from 'hono';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Services, Variables } from '../../../src/emulator/services.js';
import { startTestEmulator, type TestEmulator } from '../../support/emulator.js';

const SMS = {
  channel: 'sms',
  to: '+33612345678',
  code: '424242',
  purpose: 'login',
  provider: 'prelude',
  challengeId: null,
  suppressed: false,
} as const;
const MAIL = { ...SMS, channel: 'email', to: 'ada@example.com', purpose: 'step-up', challengeId: 'chl_1' } as const;

describe('control API', () => {
  let one: TestEmulator;
  let services: Services;
  let now: number;

  beforeEach(async () => {
    now = Date.UTC(2026, 0, 1);
    one = await startTestEmulator({
      httpsPort: undefined,
      controlToken: 'control-token',
      version: '1.2.3',
      now: () => now,
      services: async (given) => {
        services = given;
        return [new Hono<{ Variables: Variables }>()];
      },
    });
  });
  afterEach(() => one.stop());

  const raw = (path: string, init: RequestInit = {}): Promise<Response> =>
    fetch(`${one.emulator.ready.controlUrl}${path}`, init);
  const problem = async (response: Response): Promise<Record<string, unknown>> => {
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    return (await response.json()) as Record<string, unknown>;
  };
  const refused = async (method: string, path: string, body?: unknown) =>
    problem(await one.control.call(method, path, body));

  describe('guard', () => {
    it('health needs no token', async () => {
      const response = await raw('/health');
      expect(response.status).toBe(200);
      expect(await response.json()).toEqual({ status: 'ok', version: '1.2.3', store: 'memory', tenants: 1 });
    });

    it.each([
      ['no token', {}],
      ['another token', { Authorization: 'Bearer control-tokem' }],
      ['a longer token', { Authorization: 'Bearer control-token2' }],
      ['another scheme', { Authorization: 'Basic control-token' }],
    ])('%s is 401', async (_, headers) => {
      const response = await raw('/messages', { headers });
      expect(response.status).toBe(401);
      expect(await problem(response)).toMatchObject({ type: 'about:blank', title: 'Unauthorized', status: 401 });
    });

    it.each([
      ['an Origin', { Origin: 'http://localhost:3000' }],
      ['a cross-site call', { 'Sec-Fetch-Site': 'cross-site' }],
      ['a same-site call', { 'Sec-Fetch-Site': 'same-site' }],
    ])('%s is 403, also with the token, and without CORS headers', async (_, extra) => {
      for (const [path, method] of [
        ['/messages', 'GET'],
        ['/health', 'GET'],
        ['/state', 'OPTIONS'],
      ] as const) {
        const headers = { Authorization: 'Bearer control-token', ...extra } as Record<string, string>;
        const response = await raw(path, { method, headers });
        expect(response.status).toBe(403);
        expect([...response.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
      }
    });

    it('another tenant than the default one is unknown', async () => {
      expect((await one.control.call('GET', '/settings?tenant=default')).status).toBe(200);
      expect(await refused('GET', '/settings?tenant=acme')).toMatchObject({
        status: 404,
        field: 'tenant',
        detail: 'There is no tenant "acme".',
      });
    });

    it('an unknown call is 404', async () => {
      expect(await refused('GET', '/nothing')).toMatchObject({ status: 404 });
      expect(await refused('PUT', '/clock', {})).toMatchObject({ status: 404 });
    });

    it.each([
      ['{"otpAttempts":', 400, 'The body is not valid JSON.'],
      ['', 400, 'This call takes a JSON body.'],
      ['[]', 400, 'The body: expected an object, got a list.'],
      ['['.repeat(65) + ']'.repeat(65), 400, 'The body is nested deeper than 64 levels.'],
      [`"${'['.repeat(100)}"`, 400, `The body: expected Object, got "${'['.repeat(39)}….`],
      ['x'.repeat(1024 * 1024 + 1), 413, 'The body has more than 1048576 bytes.'],
    ])('body %.20s is refused in words', async (body, status, detail) => {
      const headers = { Authorization: 'Bearer control-token' };
      const response = await raw('/settings', { method: 'PATCH', headers, body });
      expect(response.status).toBe(status);
      expect((await problem(response)).detail).toContain(detail);
    });
  });

  describe('/messages', () => {
    beforeEach(async () => {
      await services.deliver('default', SMS);
      now += 1000;
      await services.deliver('default', MAIL);
    });

    it('lists what was sent, oldest first, with the code', async () => {
      expect(await one.control.messages()).toEqual([
        { id: 'msg_1', ...SMS, createdAt: '2026-01-01T00:00:00.000Z' },
        { id: 'msg_2', ...MAIL, createdAt: '2026-01-01T00:00:01.000Z' },
      ]);
    });

    it.each([
      [{ to: '+33612345678' }, ['msg_1']],
      [{ to: '+33600000000' }, []],
      [{ channel: 'email' }, ['msg_2']],
      [{ purpose: 'step-up' }, ['msg_2']],
      [{ purpose: 'register' }, []],
      [{ challenge: 'chl_1' }, ['msg_2']],
      [{ after: 'msg_1' }, ['msg_2']],
      [{ after: 'msg_2' }, []],
      [{ after: '2026-01-01T00:00:00.001Z' }, ['msg_2']],
      [{ after: '2026-01-01T00:00:01.000Z' }, ['msg_2']],
      [{ after: '2026-01-01T00:00:01.001Z' }, []],
      [{ to: 'ada@example.com', channel: 'sms' }, []],
    ])('%j gives %j', async (query, ids) => {
      expect((await one.control.messages(query as Record<string, string>)).map(({ id }) => id)).toEqual(ids);
    });

    it('takes a plus sign that was not encoded', async () => {
      const response = await one.control.call('GET', '/messages?to=+33612345678');
      expect(await response.json()).toMatchObject({ messages: [{ id: 'msg_1' }] });
    });

    it('wait answers at once when one fits already', async () => {
      expect(await one.control.messages({ to: '+33612345678', wait: '60' })).toHaveLength(1);
    });

    it('wait holds the answer until one that fits arrives', async () => {
      let answered = false;
      const waiting = one.control.messages({ after: 'msg_2', channel: 'sms', wait: '60' }).then((messages) => {
        answered = true;
        return messages;
      });
      await services.deliver('default', MAIL);
      await one.control.messages();
      expect(answered).toBe(false);
      await services.deliver('default', SMS);
      expect((await waiting).map(({ id }) => id)).toEqual(['msg_4']);
    });

    it('wait ends empty', async () => {
      expect(await one.control.messages({ after: 'msg_2', wait: '0.05' })).toEqual([]);
    });

    it('fifty who wait all get it', async () => {
      const waits = Array.from({ length: 50 }, () => one.control.messages({ after: 'msg_2', wait: '60' }));
      await one.control.messages();
      await services.deliver('default', SMS);
      for (const messages of await Promise.all(waits)) expect(messages.map(({ id }) => id)).toEqual(['msg_3']);
    });

    it.each([
      ['wait=61', 'wait'],
      ['wait=-1', 'wait'],
      ['wait=soon', 'wait'],
      ['channel=fax', 'channel'],
      ['purpose=fun', 'purpose'],
      ['after=msg_x', 'after'],
      ['after=yesterday', 'after'],
      ['adress=x', 'adress'],
    ])('%s is refused and named', async (query, field) => {
      expect(await refused('GET', `/messages?${query}`)).toMatchObject({ status: 400, field });
    });
  });

  describe('/settings', () => {
    it('has the defaults of the reference', async () => {
      expect(await one.control.settings()).toEqual({
        strictScopes: true,
        continueWithToken: true,
        requireNonce: true,
        iatWindowSeconds: 60,
        signaturePrefix: true,
        otpAttempts: 5,
        otpLifetimeSeconds: 600,
        accessTokenSeconds: 60,
        refreshTokenSeconds: 2_592_000,
        hookTimeoutSeconds: 5,
        dynamic: {
          minApiVersion: '2026_04_01',
          enforce: {
            'users/mfa/register/totp': true,
            'users/mfa/{mfaDeviceId}': true,
            'users/passkeys/register': true,
            'users/passkeys': true,
            'emailVerifications/verify': true,
            'smsVerifications/verify': true,
            'verify/link': true,
            'verify/unlink': true,
            'waas/{walletId}/privateKey/export': true,
            users: false,
          },
          actions: [],
          allowedOrigins: [],
          multipleSignInCredentials: false,
          externalAuth: null,
          sessionSeconds: 7200,
          otpSends: 3,
          captcha: false,
          cookieMode: false,
        },
      });
    });

    it('keeps what a change within `dynamic` does not name', async () => {
      await one.control.settings({ dynamic: { enforce: { users: true }, otpSends: 9 } });
      await one.control.settings({ dynamic: { enforce: { 'verify/link': false } } });
      const { dynamic } = await one.control.settings({ otpAttempts: 2 });
      expect(dynamic).toMatchObject({ otpSends: 9, minApiVersion: '2026_04_01' });
      expect(dynamic.enforce).toMatchObject({ users: true, 'verify/link': false, 'verify/unlink': true });
    });

    it('changes what it is given, for the services too; changes at once all hold', async () => {
      await Promise.all([
        one.control.settings({ requireNonce: false }),
        one.control.settings({ otpAttempts: 2 }),
        one.control.settings({ hookTimeoutSeconds: 0.2 }),
      ]);
      expect(await services.settings('default')).toMatchObject({
        requireNonce: false,
        otpAttempts: 2,
        hookTimeoutSeconds: 0.2,
        strictScopes: true,
      });
    });

    it.each([
      [{ strictScope: true }, 'strictScope'],
      [{ strictScopes: 'yes' }, 'strictScopes'],
      [{ otpAttempts: 0 }, 'otpAttempts'],
      [{ otpAttempts: 1.5 }, 'otpAttempts'],
      [{ accessTokenSeconds: null }, 'accessTokenSeconds'],
      [{ requireNonce: false, hookTimeoutSeconds: -1 }, 'hookTimeoutSeconds'],
      [{ dynamic: { minApiVersion: '2025_01_01' } }, 'dynamic.minApiVersion'],
      [{ dynamic: { enforce: { 'wallets/verify': true } } }, 'dynamic.enforce.wallets/verify'],
      [{ dynamic: { allowedOrigins: ['https://app.example/'] } }, 'dynamic.allowedOrigins.0'],
    ])('%j is refused as a whole, and the field named', async (patch, field) => {
      const answer = await refused('PATCH', '/settings', patch);
      expect(answer).toMatchObject({ status: 400, field });
      expect(answer.detail).toContain(`"${field}"`);
      expect((await one.control.settings()).requireNonce).toBe(true);
    });
  });

  describe('/clock', () => {
    it('advance ages what expires and leaves the real time', async () => {
      const key = { tenant: 'default', kind: 'code', id: 'a' };
      await services.state.put(key, 1, { expiresAt: services.clock.ageNow('default') + 600_000 });
      expect(await one.control.clock({ advance: 599 })).toEqual({
        now: '2026-01-01T00:00:00.000Z',
        ageNow: '2026-01-01T00:09:59.000Z',
        offset: 599,
        frozen: false,
      });
      expect(await services.state.get(key)).toBeDefined();
      await one.control.clock({ advance: 1 });
      expect(await services.state.get(key)).toBeUndefined();
      expect(services.clock.now()).toBe(now);
    });

    it('offset, freeze and resume', async () => {
      expect(await one.control.clock({ offset: -60 })).toMatchObject({ offset: -60, frozen: false });
      expect(await one.control.clock({ freeze: true })).toMatchObject({
        ageNow: '2025-12-31T23:59:00.000Z',
        frozen: true,
      });
      now += 5000;
      expect(await (await one.control.call('GET', '/clock')).json()).toMatchObject({
        ageNow: '2025-12-31T23:59:00.000Z',
      });
      expect(await one.control.clock({ resume: true })).toMatchObject({ offset: -65, frozen: false });
    });

    it.each([
      [{}, undefined],
      [{ advance: 1, offset: 1 }, undefined],
      [{ advance: '1' }, 'advance'],
      [{ freeze: false }, 'freeze'],
      [{ jump: 1 }, 'jump'],
      [{ offset: 1e12 }, 'offset'],
    ])('%j is refused', async (move, field) => {
      const answer = await refused('POST', '/clock', move);
      expect(answer.status).toBe(400);
      expect(answer.field).toBe(field);
    });

    it('does not leave the calendar by many small steps', async () => {
      await one.control.clock({ advance: 90 * 365 * 86_400 });
      expect(await refused('POST', '/clock', { advance: 90 * 365 * 86_400 })).toMatchObject({
        status: 400,
        field: 'advance',
      });
    });
  });

  describe('/state', () => {
    const session = { tenant: 'default', kind: 'session', id: 'ses_1' };

    beforeEach(async () => {
      await services.state.put(session, { user: 'usr_1' }, { expiresAt: now + 60_000, index: { user: 'usr_1' } });
      await services.deliver('default', SMS);
      await one.control.settings({ otpAttempts: 2 });
      await one.control.fault({ do: { status: 500 } });
      await one.control.clock({ offset: 30 });
    });

    it('exports, and imports whole into another emulator', async () => {
      const document = await one.control.exportState();
      let others: Services | undefined;
      const other = await startTestEmulator({
        httpsPort: undefined,
        now: () => now,
        services: async (given) => {
          others = given;
          return [];
        },
      });
      await other.control.importState(document);
      expect(await others?.state.get(session)).toEqual({ id: 'ses_1', value: { user: 'usr_1' }, version: 1 });
      expect((await other.control.messages()).map(({ id, code }) => [id, code])).toEqual([['msg_1', '424242']]);
      expect((await other.control.settings()).otpAttempts).toBe(2);
      expect(await (await other.control.call('GET', '/clock')).json()).toMatchObject({ offset: 30 });
      await other.stop();
    });

    it('an import is judged by its own clock, not by that of the emulator it comes to', async () => {
      const document = await one.control.exportState();
      await one.control.clock({ advance: 3600 });
      expect(await services.state.get(session)).toBeUndefined();
      await one.control.importState(document);
      expect(await services.state.get(session)).toBeDefined();
    });

    it('DELETE goes back to the start; ids of messages go on', async () => {
      await one.control.clearState();
      expect(await services.state.get(session)).toBeUndefined();
      expect(await one.control.messages()).toEqual([]);
      expect((await one.control.settings()).otpAttempts).toBe(5);
      expect(await (await one.control.call('GET', '/faults')).json()).toEqual({ faults: [] });
      expect(await (await one.control.call('GET', '/clock')).json()).toMatchObject({ offset: 0, frozen: false });
      await services.deliver('default', SMS);
      expect((await one.control.messages({ after: 'msg_1' })).map(({ id }) => id)).toEqual(['msg_2']);
    });

    it.each([
      [{}, 'version'],
      [{ version: 2, clock: { offsetMs: 0 }, state: {} }, 'version'],
      [{ version: 1, clock: {}, state: {} }, 'clock.offsetMs'],
      [{ version: 1, clock: { offsetMs: 9_000 }, state: { version: 1 } }, 'state'],
    ])('%j is refused and changes nothing', async (document, field) => {
      expect(await refused('PUT', '/state', document)).toMatchObject({ status: 400, field });
      expect(await services.state.get(session)).toBeDefined();
      expect(await (await one.control.call('GET', '/clock')).json()).toMatchObject({ offset: 30 });
    });
  });
});
