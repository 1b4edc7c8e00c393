import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { jwtVerify, EmbeddedJWK } from 'jose';
import { refuse } from '../../support/prelude-service.js';
import { logIn, openHouse, types, walk, type House } from './house.js';

const PHONE = { kind: 'phone', phone: '+33612345678' } as const;

describe('login', () => {
  let house: House;
  beforeEach(async () => {
    house = await openHouse();
  });
  afterEach(() => house.close());

  it('speaks the current dialect: /otp and /otp/check without a proof, /login/finalize with one', async () => {
    const events = await walk(house.provider.login(PHONE), ['246810']);
    expect(types(events)).toEqual(['code-sent', 'step', 'logged-in']);
    expect(house.service.paths()).toEqual(['/otp', '/otp/check', '/login/finalize']);
    const [otp, check, finalize] = house.service.requests;
    expect(otp?.body).toEqual({ identifier: { type: 'phone_number', value: '+33612345678' } });
    expect([otp?.headers.dpop, check?.headers.dpop, otp?.headers.authorization]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(check?.body).toEqual({ code: '246810' });
    expect(check?.headers['x-verification-token']).toBe('verification-1');
    expect(check?.headers.cookie).toBe('__Host-verification-login_demo=cookie-1');
    expect(Object.keys(finalize?.body ?? {})).toEqual(['challenge_token']);
    expect(events.at(-1)).toMatchObject({
      session: { userId: 'usr_01', sessionId: 'ses_01', identifier: '+33612345678', host: house.service.url.slice(7) },
    });
  });

  it('RFC 9449 §4.2: the proof has exactly typ, alg and the public jwk, and verifies with it', async () => {
    await logIn(house);
    const { headers, proof } = house.service.last('/login/finalize');
    expect(Object.keys(proof?.header ?? {})).toEqual(['typ', 'alg', 'jwk']);
    expect(Object.keys(proof?.header['jwk'] as object)).toEqual(['kty', 'crv', 'x', 'y']);
    const { payload } = await jwtVerify(String(headers.dpop), EmbeddedJWK, { typ: 'dpop+jwt', algorithms: ['ES256'] });
    expect(payload).toEqual({
      jti: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/) as string,
      htm: 'POST',
      htu: `${house.service.url}/v1/session/login/finalize`,
      iat: 1_772_366_400,
    });
  });

  it('answers a demand for a nonce once, with a new jti', async () => {
    house.service.on('/login/finalize', ({ proof }) =>
      proof?.claims['nonce'] === 'n1' ? undefined : refuse(400, 'use_dpop_nonce', { 'DPoP-Nonce': 'n1' }),
    );
    await logIn(house);
    const [first, second] = house.service.requests.filter(({ path }) => path.endsWith('/login/finalize'));
    expect(first?.proof?.claims).not.toHaveProperty('nonce');
    expect(second?.proof?.claims['jti']).not.toBe(first?.proof?.claims['jti']);
  });

  it('does not send the same nonce twice', async () => {
    house.service.on('/login/finalize', () => refuse(400, 'use_dpop_nonce', { 'DPoP-Nonce': 'n1' }));
    await expect(logIn(house)).rejects.toMatchObject({
      code: 'REFUSED',
      serviceCode: 'use_dpop_nonce',
      requestId: 'req_7',
    });
    expect(house.service.paths().filter((path) => path === '/login/finalize')).toHaveLength(2);
    expect(await house.provider.session()).toBeUndefined();
  });

  it('learns the clock difference from a refused proof, tries once more, and keeps it', async () => {
    house.clock.now -= 600_000;
    house.service.on('/login/finalize', ({ proof }) =>
      proof?.claims['iat'] === 1_772_366_400 ? undefined : refuse(400, 'invalid_dpop_proof'),
    );
    await logIn(house);
    house.advance(120);
    await house.provider.accessToken();
    expect(house.service.last('/refresh').proof?.claims['iat']).toBe(1_772_366_520);
    const session = await house.provider.session();
    // The service's 12:03:00 is our 11:53:00.
    expect(session?.accessTokenExpiresAt).toBe('2026-03-01T11:53:00.000Z');
  });

  it.each([
    [-600_000, "This machine's clock is 10 minutes behind the service's."],
    [7_200_000, "This machine's clock is 2 hours ahead of the service's."],
  ])('says how far the clock is off when the proof stays refused (%d ms)', async (offset, message) => {
    house.clock.now += offset;
    house.service.on('/login/finalize', () => refuse(400, 'invalid_dpop_proof'));
    await expect(logIn(house)).rejects.toMatchObject({ code: 'CLOCK_SKEW', message });
    expect(house.service.paths().filter((path) => path === '/login/finalize')).toHaveLength(2);
  });

  it('a wrong code is refused and asked for again, without a second message', async () => {
    const events = await walk(house.provider.login(PHONE), ['000000', '246810']);
    expect(types(events)).toEqual(['code-sent', 'step', 'step-refused', 'step', 'logged-in']);
    expect(events[2]).toMatchObject({ key: 'login', code: 'bad_check_code' });
    expect(house.service.paths().filter((path) => path === '/otp')).toHaveLength(1);
  });

  it('resends by the retry call, with an empty body', async () => {
    const events = await walk(house.provider.login(PHONE), ['RESEND', '246810']);
    expect(types(events)).toEqual(['code-sent', 'step', 'code-sent', 'step', 'logged-in']);
    const retry = house.service.last('/otp/retry');
    expect(retry.body).toBeUndefined();
    expect(retry.headers['x-verification-token']).toBe('verification-1');
  });

  it('an email logs in as email_address', async () => {
    await walk(house.provider.login({ kind: 'email', email: 'ada@example.com' }), ['246810']);
    expect(house.service.requests[0]?.body).toEqual({
      identifier: { type: 'email_address', value: 'ada@example.com' },
    });
  });

  it('an expired verification ends the login', async () => {
    house.service.on('/otp/check', () => refuse(401, 'unauthorized'));
    await expect(logIn(house)).rejects.toMatchObject({ code: 'CHALLENGE_OVER' });
  });

  it.each([
    [{ kind: 'phone', phone: '0612345678' } as const, 'PHONE_INVALID'],
    [{ kind: 'email', email: 'nobody' } as const, 'EMAIL_INVALID'],
  ])('refuses bad input before the network: %o', async (method, code) => {
    await expect(walk(house.provider.login(method), [])).rejects.toMatchObject({ code });
    expect(house.service.requests).toEqual([]);
  });

  it.each([500, 503])('a failing service (%d) leads to no second message', async (status) => {
    house.service.on('/otp', () => refuse(status, 'internal'));
    await expect(logIn(house)).rejects.toMatchObject({ code: 'SERVICE_FAILING', serviceCode: 'internal' });
    expect(house.service.paths()).toEqual(['/otp']);
  });

  it('a 404 that is a web page does not lead to the other dialect', async () => {
    house.service.on('/otp', () => ({
      status: 404,
      text: '<html>secret page</html>',
      headers: { 'Content-Type': 'text/html' },
    }));
    await expect(logIn(house)).rejects.toMatchObject({ code: 'ANSWER_MALFORMED' });
    expect(house.service.paths()).toEqual(['/otp']);
  });

  it('an address that has neither dialect is no application', async () => {
    house.service.on('/otp', () => refuse(404, 'not_found'));
    await expect(logIn(house)).rejects.toMatchObject({ code: 'APPLICATION_UNKNOWN' });
  });

  it('a new login has a new key and leaves nothing of the old session', async () => {
    await logIn(house);
    const first = await house.provider.session();
    await logIn(house);
    const second = await house.provider.session();
    expect(second?.thumbprint).not.toBe(first?.thumbprint);
    expect(house.service.last('/login/finalize').headers['x-refresh-token']).toBeUndefined();
  });

  it('a failed login leaves the session that was there', async () => {
    await logIn(house);
    const before = await house.stored();
    house.service.on('/otp/check', () => refuse(401, 'unauthorized'));
    await expect(logIn(house)).rejects.toMatchObject({ code: 'CHALLENGE_OVER' });
    expect(await house.stored()).toEqual(before);
  });

  it('a session that cannot be read is replaced by a login, and by nothing else', async () => {
    await house.store.updateSession(
      { provider: 'prelude', host: house.service.url.slice(7), application: 'demo' },
      () => ({ version: 1, session: { key: 'broken' } }),
    );
    await expect(house.provider.accessToken()).rejects.toMatchObject({ code: 'STORE_CORRUPTED' });
    await logIn(house);
    expect((await house.provider.session())?.userId).toBe('usr_01');
  });

  it('a lost answer to the call that spends the code leads to a new login', async () => {
    house.service.on('/login/finalize', () => ({ status: 0, drop: true }));
    await expect(logIn(house)).rejects.toMatchObject({
      code: 'SERVICE_UNREACHABLE',
      hint: 'The proof may be spent all the same. Start again with: stepup login',
    });
  });

  it('goes on without an answer only by a bug of the caller', async () => {
    const events = house.provider.login(PHONE);
    await events.next();
    await events.next();
    await expect(events.next()).rejects.toThrow(TypeError);
  });
});

describe('login, older dialect', () => {
  let house: House;
  beforeEach(async () => {
    house = await openHouse({ dialect: 'login-otp' });
  });
  afterEach(() => house.close());

  it('is taken after a JSON 404, and remembered', async () => {
    await logIn(house);
    expect(house.service.paths()).toEqual(['/otp', '/login/otp', '/login/otp/check']);
    const check = house.service.last('/login/otp/check');
    expect(check.body).toEqual({ code: '246810' });
    expect(check.headers.cookie).toBe('__Host-verification-login_demo=cookie-1');
    expect(check.proof?.claims['htm']).toBe('POST');
    await logIn(house);
    expect(house.service.paths().slice(3)).toEqual(['/login/otp', '/login/otp/check']);
  });

  it('is remembered after a logout too', async () => {
    await logIn(house);
    expect(await house.provider.logout()).toBe(true);
    expect(await house.stored()).toEqual({ version: 1, dialect: 'login-otp' });
    expect(await house.provider.session()).toBeUndefined();
    await walk(house.provider.login(PHONE), ['RESEND', '246810']);
    expect(house.service.paths().slice(4)).toEqual(['/login/otp', '/login/otp/retry', '/login/otp/check']);
  });

  it.each(['/login/otp/check', '/refresh'])('a lost answer of %s leads to a new login', async (path) => {
    house.service.on(path, () => ({ status: 0, drop: true }));
    house.service.on('/login/otp/check', () => ({ status: 204, headers: { 'X-Refresh-Token': 'refresh-from-check' } }));
    await expect(logIn(house)).rejects.toMatchObject({ hint: expect.stringContaining('Start again with') as string });
  });

  it('mints by a refresh when the check answers 204', async () => {
    house.service.refreshToken = 'refresh-from-check';
    house.service.on('/login/otp/check', () => ({ status: 204, headers: { 'X-Refresh-Token': 'refresh-from-check' } }));
    await logIn(house);
    expect(house.service.paths().at(-1)).toBe('/refresh');
    expect((await house.provider.session())?.sessionId).toBe('ses_01');
  });
});
