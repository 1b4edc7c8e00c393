import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { StepEvent } from '../../../src/providers/provider.js';
import { claimsOf, jwt, refuse } from '../../support/prelude-service.js';
import { logIn, openHouse, types, walk, type House } from './house.js';

const SCOPE = 'transfer:write';

describe('request', () => {
  let house: House;
  beforeEach(async () => {
    house = await openHouse();
    await logIn(house);
    house.service.requests.length = 0;
  });
  afterEach(() => house.close());

  const request = (metadata?: Record<string, string>): AsyncGenerator<StepEvent, void> =>
    house.provider.request([SCOPE], { metadata });

  it('walks a step to the grant, with the facts at the start and completed before the grant', async () => {
    const events = await walk(request({ amount: '500' }), ['246810']);
    expect(types(events)).toEqual(['challenge', 'code-sent', 'step', 'challenge', 'granted']);
    expect(events[0]).toEqual({
      type: 'challenge',
      challenge: {
        challengeId: 'chl_01',
        scopeRequested: SCOPE,
        currentStep: 'verify_sms',
        steps: [{ order: 1, key: 'verify_sms', kind: 'otp', done: false, expirationDuration: 300 }],
        userId: 'usr_01',
        sessionId: 'ses_01',
        expiresAt: '2026-03-01T12:05:00.000Z',
      },
    });
    expect(events[3]).toMatchObject({ challenge: { currentStep: 'completed' } });
    const { token } = await house.provider.accessToken();
    expect(events[4]).toEqual({
      type: 'granted',
      grant: {
        scopes: [SCOPE],
        token,
        expiresAt: '2026-03-01T12:01:00.000Z',
        grantedAt: '2026-03-01T12:00:00.000Z',
        singleUse: false,
        mode: 'session-bound',
        factors: ['verify_sms'],
        challengeId: 'chl_01',
      },
    });
    expect(await house.provider.challenges()).toEqual([]);
  });

  it('each call carries what js-sdk gives it', async () => {
    await walk(request({ amount: '500' }), ['246810']);
    expect(house.service.paths()).toEqual(['/stepup/request', '/otp', '/otp/check', '/refresh']);
    const [ask, otp, check, refresh] = house.service.requests;
    expect(ask?.body).toEqual({ scope: SCOPE, metadata: { amount: '500' } });
    expect(ask?.headers.authorization).toMatch(/^Bearer eyJ/);
    expect(ask?.headers.dpop).toBeUndefined();
    expect(Object.keys(otp?.body ?? {})).toEqual(['challenge_token']);
    expect([otp?.headers.authorization, otp?.headers.dpop]).toEqual([undefined, undefined]);
    expect(Object.keys(check?.body ?? {}).sort()).toEqual(['challenge_token', 'code']);
    expect(check?.headers.authorization).toBeUndefined();
    expect(check?.headers['x-verification-token']).toBe('verification-1');
    expect(check?.proof?.claims).toEqual({
      jti: claimsOf(String(check?.body?.['challenge_token']))['jti'],
      htm: 'POST',
      htu: `${house.service.url}/v1/session/otp/check`,
      iat: 1_772_366_400,
    });
    expect(Object.keys(refresh?.body ?? {})).toEqual(['step_up_token']);
    expect(refresh?.headers['x-refresh-token']).toBe('refresh-token-1');
  });

  it('sends no metadata field when there is none', async () => {
    await walk(request(), ['246810']);
    expect(house.service.requests[0]?.body).toEqual({ scope: SCOPE });
  });

  it.each([
    ['another scope', { scope_requested: 'other:scope', sid: 'ses_01' }],
    ['another session', { scope_requested: SCOPE, sid: 'ses_02' }],
  ])('a challenge of %s is not answered', async (_case, claims) => {
    const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    const rest = {
      challenge_id: 'chl_02',
      current_step: 'verify_sms',
      sub: 'usr_01',
      exp: 1772370000,
      jti: 'j',
      steps: [],
    };
    const token = `${part({ alg: 'ES256' })}.${part({ ...rest, ...claims })}.c2ln`;
    house.service.on('/stepup/request', () => ({ status: 200, json: { status: 'review', challenge_token: token } }));
    await expect(walk(request(), [])).rejects.toMatchObject({ code: 'ANSWER_MALFORMED' });
    expect(house.service.paths()).toEqual(['/stepup/request']);
    expect(await house.provider.challenges()).toEqual([]);
  });

  it('does several steps in order', async () => {
    house.service.steps = ['verify_sms', 'verify_email'];
    const events = await walk(request(), ['246810', '246810']);
    expect(types(events)).toEqual([
      'challenge',
      'code-sent',
      'step',
      'challenge',
      'code-sent',
      'step',
      'challenge',
      'granted',
    ]);
    expect(events.filter(({ type }) => type === 'code-sent')).toMatchObject([{ channel: 'sms' }, { channel: 'email' }]);
    expect(events.at(-1)).toMatchObject({ grant: { factors: ['verify_sms', 'verify_email'] } });
  });

  it('a wrong code is no end: same token, same jti, and no second message', async () => {
    const events = await walk(request(), ['111111', '222222', '246810']);
    expect(types(events).slice(2, 7)).toEqual(['step', 'step-refused', 'step', 'step-refused', 'step']);
    expect(events[3]).toMatchObject({ key: 'verify_sms', code: 'bad_check_code', challengeId: 'chl_01' });
    const checks = house.service.requests.filter(({ path }) => path.endsWith('/otp/check'));
    expect(new Set(checks.map(({ proof }) => proof?.claims['jti'])).size).toBe(1);
    expect(house.service.paths().filter((path) => path === '/otp')).toHaveLength(1);
  });

  it('an expired verification is a refused code, and resending starts anew', async () => {
    house.service.on('/otp/check', ({ body }) =>
      body?.['code'] === '999999' ? refuse(401, 'unauthorized') : undefined,
    );
    house.service.on('/otp/retry', () => refuse(401, 'unauthorized'));
    const events = await walk(request(), ['999999', 'RESEND', '246810']);
    expect(types(events).slice(2)).toEqual([
      'step',
      'step-refused',
      'step',
      'code-sent',
      'step',
      'challenge',
      'granted',
    ]);
    expect(house.service.paths().slice(1, 5)).toEqual(['/otp', '/otp/check', '/otp/retry', '/otp']);
  });

  it.each(['invalid_challenge_token', 'expired_challenge_token', 'token_reused'])(
    '%s ends the challenge',
    async (code) => {
      house.service.on('/otp/check', () => refuse(400, code));
      await expect(walk(request(), ['246810'])).rejects.toMatchObject({ code: 'CHALLENGE_OVER', serviceCode: code });
      expect(await house.provider.challenges()).toEqual([]);
      await expect(walk(house.provider.resume('chl_01'), [])).rejects.toMatchObject({ code: 'CHALLENGE_UNKNOWN' });
    },
  );

  it('a challenge whose time is over ends here', async () => {
    const events = request();
    await events.next();
    house.advance(300);
    expect(await house.provider.challenges()).toEqual([]);
    await expect(walk(house.provider.resume('chl_01'), [])).rejects.toMatchObject({ code: 'CHALLENGE_OVER' });
    await expect(walk(house.provider.resume('chl_01'), [])).rejects.toMatchObject({ code: 'CHALLENGE_UNKNOWN' });
  });

  it('a block is an answer, with no grant', async () => {
    house.service.on('/stepup/request', () => ({ status: 200, json: { status: 'block' } }));
    expect(await walk(request(), [])).toEqual([{ type: 'blocked', scopes: [SCOPE] }]);
    expect(house.service.paths()).toEqual(['/stepup/request']);
  });

  describe('continue: the token decides, not the status', () => {
    const claims = (more: object): object => ({
      challenge_id: 'chl_02',
      scope_requested: SCOPE,
      sub: 'usr_01',
      sid: 'ses_01',
      exp: 1_772_366_700,
      jti: 'j',
      steps: [],
      ...more,
    });

    it('a completed token is spent at once', async () => {
      const token = jwt(claims({ current_step: 'completed', grant_mode: 'single-use' }));
      house.service.on('/stepup/request', () => ({
        status: 200,
        json: { status: 'continue', challenge_token: token },
      }));
      house.service.on('/refresh', () => void (house.service.scope = SCOPE));
      const events = await walk(request(), []);
      expect(types(events)).toEqual(['challenge', 'granted']);
      expect(house.service.last('/refresh').body).toEqual({ step_up_token: token });
      expect(events[1]).toMatchObject({ grant: { singleUse: true, mode: 'single-use', factors: [] } });
    });

    it('a pending token is walked through', async () => {
      const token = jwt(
        claims({ current_step: 'verify_email', steps: [{ order: 1, key: 'verify_email', done: false }] }),
      );
      house.service.steps = ['verify_email'];
      house.service.on('/stepup/request', () => ({
        status: 200,
        json: { status: 'continue', challenge_token: token },
      }));
      house.service.on('/refresh', () => void (house.service.scope = SCOPE));
      const events = request();
      expect(await events.next()).toMatchObject({
        value: { type: 'challenge', challenge: { currentStep: 'verify_email' } },
      });
      expect(await events.next()).toMatchObject({
        value: { type: 'code-sent', channel: 'email', challengeId: 'chl_02' },
      });
    });

    it('without a token a refresh is forced, though the access token is good', async () => {
      house.service.on('/stepup/request', () => ({ status: 200, json: { status: 'continue' } }));
      house.service.scope = `read ${SCOPE}`;
      const events = await walk(request(), []);
      expect(types(events)).toEqual(['granted']);
      expect(house.service.paths()).toEqual(['/stepup/request', '/refresh']);
      expect(house.service.last('/refresh').body).toBeUndefined();
    });

    it('without a token and without the scope nothing is believed', async () => {
      house.service.on('/stepup/request', () => ({ status: 200, json: { status: 'continue' } }));
      house.service.scope = 'transfer:write:more';
      await expect(walk(request(), [])).rejects.toMatchObject({ code: 'SCOPE_NOT_GRANTED' });
      expect(await house.provider.grants()).toEqual([]);
    });
  });

  it('a completion whose token lacks the scope is no grant; the session goes on with the new refresh token', async () => {
    house.service.on('/refresh', ({ body }) => (body ? void delete body['step_up_token'] : undefined));
    await expect(walk(request(), ['246810'])).rejects.toMatchObject({ code: 'SCOPE_NOT_GRANTED' });
    expect(await house.provider.challenges()).toEqual([]);
    house.advance(60);
    await house.provider.accessToken();
    expect(house.service.last('/refresh').headers['x-refresh-token']).toBe('refresh-token-4');
  });

  it('a review without a challenge, or an unknown verdict, is malformed', async () => {
    for (const status of ['review', 'maybe']) {
      house.service.on('/stepup/request', () => ({ status: 200, json: { status } }));
      await expect(walk(request(), [])).rejects.toMatchObject({ code: 'ANSWER_MALFORMED' });
    }
  });

  it('refreshes once on a 401 and asks again', async () => {
    const stale = (await house.provider.accessToken()).token;
    house.service.on('/stepup/request', ({ headers }) =>
      headers.authorization === `Bearer ${stale}` ? refuse(401, 'unauthorized') : undefined,
    );
    await walk(request(), ['246810']);
    expect(house.service.paths().slice(0, 3)).toEqual(['/stepup/request', '/refresh', '/stepup/request']);
  });

  it('a second 401 is the end', async () => {
    house.service.on('/stepup/request', () => refuse(401, 'unauthorized'));
    await expect(walk(request(), [])).rejects.toMatchObject({ code: 'SESSION_OVER' });
    expect(house.service.paths()).toEqual(['/stepup/request', '/refresh', '/stepup/request']);
  });

  it.each([
    [403, 'scope_not_allowed', 'SCOPE_NOT_ALLOWED', 'Allow it with: stepup scope add transfer:write'],
    [403, 'not_configured', 'CONFIG_MISSING', 'Make one with: stepup config create'],
    [400, 'invalid_metadata', 'METADATA_INVALID', undefined],
    [500, 'internal', 'SERVICE_FAILING', expect.stringContaining('stepup hook serve')],
    [418, 'teapot', 'REFUSED', undefined],
  ])('%d %s is %s', async (status, serviceCode, code, hint) => {
    house.service.on('/stepup/request', () => refuse(status, serviceCode));
    await expect(walk(request(), [])).rejects.toMatchObject({ code, hint, status, serviceCode, requestId: 'req_7' });
  });

  it.each([
    ['prld:email:register', '--mode managed'],
    ['prld:pwd:write', '--mode direct --step verify_sms (or verify_email)'],
  ])('%s is allowed otherwise than by a hook', async (scope, flags) => {
    house.service.on('/stepup/request', () => refuse(403, 'scope_not_allowed'));
    const options = { metadata: { identifier: 'a@b.co' } };
    await expect(walk(house.provider.request([scope], options), [])).rejects.toMatchObject({
      hint: `Allow it with: stepup scope add ${scope} ${flags}`,
    });
  });

  it.each([
    [['a', 'b'], {}, 'SCOPE_COUNT'],
    [[], {}, 'SCOPE_COUNT'],
    [['a b'], {}, 'SCOPE_INVALID'],
    [['a'], { much: 'x'.repeat(33) }, 'METADATA_INVALID'],
  ])('%j %j is refused before the network: %s', async (scopes, metadata, code) => {
    await expect(walk(house.provider.request(scopes, { metadata }), [])).rejects.toMatchObject({
      name: 'UsageError',
      code,
    });
    expect(house.service.requests).toEqual([]);
  });

  it('a service that quotes a secret in its words is not repeated', async () => {
    house.service.on('/otp/check', ({ body }) => ({
      status: 400,
      json: { code: 'odd', message: `no ${String(body?.['code'])} for ${String(body?.['challenge_token'])}\u001b[31m` },
    }));
    await expect(walk(request(), ['246810'])).rejects.toMatchObject({
      message: 'The service refused: no [redacted] for [redacted] [31m (odd).',
    });
  });

  it('a custom step is proved by a verification token, with bearer and the challenge’s proof', async () => {
    house.service.steps = ['kyc_review'];
    house.service.on('/stepup/continue', ({ body }) =>
      body?.['verification_token'] === 'bad' ? refuse(400, 'invalid_verification_token') : undefined,
    );
    const events = await walk(request(), [{ token: 'bad' }, { token: 'good' }]);
    expect(types(events)).toEqual(['challenge', 'step', 'step-refused', 'step', 'challenge', 'granted']);
    expect(events[1]).toMatchObject({ step: { kind: 'custom', key: 'kyc_review' } });
    const proved = house.service.last('/stepup/continue');
    expect(Object.keys(proved.body ?? {})).toEqual(['challenge_token', 'verification_token']);
    expect(proved.headers.authorization).toMatch(/^Bearer eyJ/);
    expect(proved.proof?.claims['jti']).toBe(claimsOf(String(proved.body?.['challenge_token']))['jti']);
    expect(proved.proof?.claims).not.toHaveProperty('nonce');
  });

  it('a passkey step is not for us, and the challenge is kept', async () => {
    house.service.steps = ['verify_passkey'];
    await expect(walk(request(), [])).rejects.toMatchObject({ name: 'UsageError', code: 'STEP_UNSUPPORTED' });
    expect(await house.provider.challenges()).toMatchObject([{ currentStep: 'verify_passkey' }]);
  });

  it('an unanswered step is a bug of the caller', async () => {
    const events = request();
    for (let i = 0; i < 3; i += 1) await events.next();
    await expect(events.next()).rejects.toThrow(TypeError);
  });
});

describe('a challenge between commands', () => {
  let house: House;
  beforeEach(async () => {
    house = await openHouse();
    await logIn(house);
    const events = house.provider.request([SCOPE], {});
    await events.next();
    await events.return();
    house.service.requests.length = 0;
  });
  afterEach(() => house.close());

  it('is listed, and another process takes it up without a second message', async () => {
    const other = house.another();
    expect(await other.challenges()).toMatchObject([{ challengeId: 'chl_01', currentStep: 'verify_sms' }]);
    expect(await other.sendCode('chl_01', { again: false })).toEqual({
      type: 'code-sent',
      step: 'verify_sms',
      channel: 'sms',
      sentAt: '2026-03-01T12:00:00.000Z',
      challengeId: 'chl_01',
    });
    const events = await walk(house.another().resume('chl_01'), ['246810']);
    expect(types(events)).toEqual(['challenge', 'step', 'challenge', 'granted']);
    expect(events[1]).toMatchObject({ step: { sentAt: '2026-03-01T12:00:00.000Z' } });
    expect(house.service.paths()).toEqual(['/otp', '/otp/check', '/refresh']);
    expect(house.service.last('/otp/check').headers['x-verification-token']).toBe('verification-1');
  });

  it('checkCode keeps it on a wrong code and brings the grant on the right one', async () => {
    await house.provider.sendCode('chl_01', { again: false });
    await house.provider.sendCode('chl_01', { again: true });
    expect(house.service.paths()).toEqual(['/otp', '/otp/retry']);
    await expect(house.provider.checkCode('chl_01', '000000')).rejects.toMatchObject({
      name: 'RefusedError',
      code: 'CODE_WRONG',
    });
    const { challenge, grant } = await house.another().checkCode('chl_01', '246810');
    expect(challenge.currentStep).toBe('completed');
    expect(grant?.scopes).toEqual([SCOPE]);
    await expect(house.provider.checkCode('chl_01', '246810')).rejects.toMatchObject({ code: 'CHALLENGE_UNKNOWN' });
  });

  it('checkCode before a code was sent says so, and keeps the challenge', async () => {
    await expect(house.provider.checkCode('chl_01', '246810')).rejects.toMatchObject({
      name: 'UsageError',
      code: 'CODE_NOT_SENT',
    });
    expect(await house.provider.challenges()).toHaveLength(1);
  });

  it('checkCode gives the next step when there is one', async () => {
    house.service.steps = ['verify_sms', 'kyc_review'];
    await house.provider.sendCode('chl_01', { again: false });
    const { challenge, grant } = await house.provider.checkCode('chl_01', '246810');
    expect(grant).toBeUndefined();
    expect(challenge.currentStep).not.toBe('verify_sms');
  });

  it('a completed token whose refresh failed is finished by resume', async () => {
    await house.provider.sendCode('chl_01', { again: false });
    let failing = true;
    house.service.on('/refresh', () => (failing ? { status: 0, drop: true } : undefined));
    await expect(house.provider.checkCode('chl_01', '246810')).rejects.toMatchObject({ code: 'SERVICE_UNREACHABLE' });
    expect(await house.provider.challenges()).toMatchObject([{ challengeId: 'chl_01', currentStep: 'completed' }]);
    failing = false;
    expect(types(await walk(house.another().resume('chl_01'), []))).toEqual(['challenge', 'granted']);
  });

  it('a spent completed token ends the challenge, not the session', async () => {
    house.service.on('/refresh', () => refuse(409, 'token_reused'));
    await house.provider.sendCode('chl_01', { again: false });
    await expect(house.provider.checkCode('chl_01', '246810')).rejects.toMatchObject({ code: 'CHALLENGE_OVER' });
    expect(await house.provider.challenges()).toEqual([]);
    expect(await house.provider.session()).toMatchObject({ sessionId: 'ses_01' });
  });

  it('is discarded, and unknown then', async () => {
    await house.provider.discard('chl_01');
    await expect(house.provider.discard('chl_01')).rejects.toMatchObject({
      name: 'UsageError',
      code: 'CHALLENGE_UNKNOWN',
    });
    await expect(house.provider.sendCode('toString', { again: false })).rejects.toMatchObject({
      code: 'CHALLENGE_UNKNOWN',
    });
  });

  it('is kept when the service fails to send', async () => {
    house.service.on('/otp', () => refuse(400, 'insufficient_balance'));
    await expect(house.provider.sendCode('chl_01', { again: false })).rejects.toMatchObject({
      code: 'REFUSED',
      serviceCode: 'insufficient_balance',
    });
    expect(await house.provider.challenges()).toHaveLength(1);
  });

  it('goes with the session', async () => {
    await house.provider.logout();
    await expect(house.provider.checkCode('chl_01', '246810')).rejects.toMatchObject({ code: 'NOT_LOGGED_IN' });
    expect(await house.provider.challenges()).toEqual([]);
  });
});

describe('grants', () => {
  let house: House;
  beforeEach(async () => {
    house = await openHouse();
    await logIn(house);
  });
  afterEach(() => house.close());

  const grant = async (mode: string): Promise<void> => {
    house.service.grantMode = mode;
    await walk(house.provider.request([SCOPE], {}), ['246810']);
  };

  it('one for a single use outlives a refresh of the session, until its own end', async () => {
    await grant('single-use');
    const [before] = await house.provider.grants();
    house.service.scope = '';
    house.advance(51);
    await house.provider.accessToken();
    expect(await house.provider.grants()).toEqual([before]);
    expect(await house.provider.check(SCOPE)).toEqual({
      scope: SCOPE,
      required: false,
      heldBy: 'grant',
      mode: 'single-use',
      expiresAt: '2026-03-01T12:01:00.000Z',
    });
    house.advance(9);
    expect(await house.provider.grants()).toEqual([]);
    expect(await house.provider.check(SCOPE)).toEqual({ scope: SCOPE, required: true });
  });

  it.each(['session-bound', 'profile-bound'])(
    'a %s one follows the session’s tokens while they hold the scope',
    async (mode) => {
      await grant(mode);
      house.advance(60);
      expect(await house.provider.grants()).toEqual([]);
      expect(await house.provider.check(SCOPE)).toMatchObject({ required: false, heldBy: 'grant' });
      const { token } = await house.provider.accessToken();
      expect(await house.provider.grants()).toMatchObject([{ token, mode, expiresAt: '2026-03-01T12:02:00.000Z' }]);
      house.service.scope = '';
      house.advance(60);
      expect(await house.provider.check(SCOPE)).toEqual({ scope: SCOPE, required: true });
      expect(await house.provider.grants()).toEqual([]);
    },
  );

  it('check finds the scope in the session’s own token, by the whole word, and renews one that is over', async () => {
    house.service.scope = 'transfer:write:more profile';
    await logIn(house);
    const before = house.service.requests.length;
    expect(await house.provider.check('profile')).toMatchObject({ required: false, heldBy: 'access-token' });
    expect(await house.provider.check(SCOPE)).toEqual({ scope: SCOPE, required: true });
    expect(house.service.requests).toHaveLength(before);
    house.advance(3600);
    house.service.scope = '';
    expect(await house.provider.check('profile')).toEqual({ scope: 'profile', required: true });
    expect(house.service.requests.length).toBeGreaterThan(before);
  });

  it('check without a login is a session error', async () => {
    await house.provider.logout();
    await expect(house.provider.check(SCOPE)).rejects.toMatchObject({ name: 'SessionError', code: 'NOT_LOGGED_IN' });
  });

  it('two requests at once from two processes leave one healthy session', async () => {
    let id = 0;
    house.service.on('/stepup/request', ({ body }) => {
      id += 1;
      const claims = {
        challenge_id: `chl_${id}`,
        current_step: 'completed',
        scope_requested: body?.['scope'],
        sub: 'usr_01',
        sid: 'ses_01',
        exp: 1_772_366_700,
        jti: `j${id}`,
      };
      return { status: 200, json: { status: 'continue', challenge_token: jwt(claims) } };
    });
    house.service.on('/refresh', () => void (house.service.scope = 'one two'));
    await Promise.all([walk(house.provider.request(['one'], {}), []), walk(house.another().request(['two'], {}), [])]);
    expect((await house.provider.grants()).flatMap(({ scopes }) => scopes).sort()).toEqual(['one', 'two']);
    house.advance(60);
    await house.provider.accessToken();
  });
});
