/** The official web SDK judges sessions: several devices of a user, what a page keeps over a reload, and two tabs at once. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { skipsWithoutChromium } from './support/chromium.js';
import { scopes } from './support/prelude-claims.js';
import { startJudge, type Judge, type Page, type Sdk } from './support/prelude-judge.js';
import { valueOf } from './support/sdk-page.js';

const SCOPE = 'transfer:write';
const OVER = { error: 'UnauthorizedError' };

describe.skipIf(skipsWithoutChromium())('@prelude.so/js-sdk 0.6.0: sessions', () => {
  let judge: Judge;
  let sdk: Sdk;
  let other: Page;
  let phone: string;

  beforeAll(async () => {
    judge = await startJudge();
    sdk = judge.sdk;
    other = await judge.otherDevice();
    await judge.app.configure({
      allowedScopes: [
        {
          scope: SCOPE,
          mode: 'direct',
          direct: {
            identifier_types: ['phone_number'],
            status: 'review',
            grant_mode: 'session-bound',
            granted_for: 300,
            steps: [{ order: 1, key: 'verify_sms', expiration_duration: 300 }],
          },
        },
      ],
    });
  });

  afterAll(async () => {
    await judge?.close();
  });

  beforeEach(async () => {
    phone = await judge.begin();
    await other.reset();
    await other.sdk.open(judge.recorder.domain);
  });

  /** Logs both devices in as one user. Answers with their session ids. */
  async function bothLogIn(): Promise<[here: string, there: string]> {
    await judge.logIn(phone);
    await judge.logIn(phone, other.sdk);
    judge.calls();
    return [valueOf(await sdk.sessionId())!, valueOf(await other.sdk.sessionId())!];
  }

  async function requestOn(client: Sdk): Promise<string> {
    valueOf(await client.request(SCOPE));
    return valueOf(await client.challenges())[0]!.challengeId;
  }

  describe('of two devices', () => {
    it('are listed, whole and by page', async () => {
      const [here, there] = await bothLogIn();
      const list = valueOf(await sdk.listSessions());
      expect(list).toMatchObject({ total: 2, limit: 10, offset: 0 });
      expect(list.sessions.map(({ id }) => id)).toEqual([here, there]);
      const iso = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/);
      expect(list.sessions[0]).toEqual({
        id: here,
        device_model: 'PC',
        device_type: 'desktop',
        os_version: 'Linux',
        country_code: expect.stringMatching(/^[A-Z]{2}$/),
        created_at: iso,
        last_seen_at: iso,
        expires_at: iso,
      });

      const page = valueOf(await sdk.listSessions({ limit: 1, offset: 1 }));
      expect(page).toMatchObject({ total: 2, limit: 1, offset: 1, sessions: [{ id: there }] });
      expect(page.sessions).toHaveLength(1);
      expect(valueOf(await sdk.listSessions({ offset: 2 })).sessions).toEqual([]);
      expect(await sdk.listSessions({ limit: 101 })).toMatchObject({ error: 'BadRequestError' });
      expect(await sdk.listSessions({ offset: -1 })).toMatchObject({ error: 'BadRequestError' });
    });

    it('end by "others": the other one only', async () => {
      const [here] = await bothLogIn();
      valueOf(await sdk.revokeSessions('others'));
      expect(await other.sdk.forceRefresh()).toMatchObject(OVER);
      valueOf(await sdk.forceRefresh());
      expect(valueOf(await sdk.listSessions()).sessions.map(({ id }) => id)).toEqual([here]);
    });

    it('end by "mine": this one only, with all that the page kept', async () => {
      const [, there] = await bothLogIn();
      valueOf(await sdk.revokeSessions('mine'));
      expect(valueOf(await sdk.claims())).toBeNull();
      expect(await sdk.refresh()).toMatchObject(OVER);
      valueOf(await other.sdk.forceRefresh());
      expect(valueOf(await other.sdk.listSessions()).sessions.map(({ id }) => id)).toEqual([there]);
    });

    it('end by "session": the other one by its id, then this one by its own', async () => {
      const [here, there] = await bothLogIn();
      expect(await sdk.revokeSessions('session')).toMatchObject({ error: 'Error' });
      expect(await sdk.revokeSessions('session', 'ses_unknown')).toMatchObject({ error: 'NotFoundError' });
      valueOf(await sdk.revokeSessions('session', there));
      expect(await other.sdk.forceRefresh()).toMatchObject(OVER);
      valueOf(await sdk.revokeSessions('session', here));
      expect(valueOf(await sdk.claims())).toBeNull();
      expect(await sdk.refresh()).toMatchObject(OVER);
    });

    it('end by "all": both', async () => {
      await bothLogIn();
      valueOf(await sdk.revokeSessions('all'));
      expect(await sdk.refresh()).toMatchObject(OVER);
      expect(await other.sdk.forceRefresh()).toMatchObject(OVER);
      await judge.logIn(phone);
      expect(valueOf(await sdk.listSessions()).total).toBe(1);
    });

    it('are not seen or ended by another user', async () => {
      await judge.logIn(phone);
      const mine = valueOf(await sdk.sessionId())!;
      await judge.logIn(phone.replace('+336', '+337'), other.sdk);
      expect(valueOf(await other.sdk.listSessions()).sessions.map(({ id }) => id)).not.toContain(mine);
      expect(await other.sdk.revokeSessions('session', mine)).toMatchObject({ error: 'NotFoundError' });
      valueOf(await other.sdk.revokeSessions('all'));
      valueOf(await sdk.forceRefresh());
    });

    it('once ended, are refused at once, with an access token that has not yet aged', async () => {
      await bothLogIn();
      valueOf(await sdk.revokeSessions('others'));
      judge.calls();
      expect(await other.sdk.request(SCOPE)).toMatchObject(OVER);
      expect(judge.calls()).toEqual(['POST /stepup/request 401', 'POST /refresh 401']);
    });

    it('have each their own session-bound scope', async () => {
      await bothLogIn();
      const id = await requestOn(sdk);
      valueOf(await sdk.otpCreate(id));
      valueOf(await sdk.otpCheck(id, await judge.app.newestCode(phone)));
      expect(scopes(valueOf(await sdk.claims()))).toEqual([SCOPE]);
      valueOf(await other.sdk.forceRefresh());
      expect(scopes(valueOf(await other.sdk.claims()))).toEqual([]);
    });

    it("do not open each other's challenge: a challenge token carried to the other device is refused", async () => {
      await bothLogIn();
      const id = await requestOn(sdk);
      valueOf(await other.sdk.swapToken(id, valueOf(await sdk.keptToken(id))!));
      valueOf(await sdk.otpCreate(id));
      expect(await other.sdk.otpCheck(id, await judge.app.newestCode(phone))).toMatchObject({
        error: 'BadRequestError',
      });
      valueOf(await sdk.otpCheck(id, await judge.app.newestCode(phone)));
      expect(scopes(valueOf(await sdk.claims()))).toEqual([SCOPE]);
    });
  });

  describe('over a reload of the page', () => {
    async function reload(): Promise<void> {
      await judge.page.page.reload();
      await sdk.open(judge.recorder.domain);
      judge.calls();
    }

    it('are kept: without a call while the access token is good, with a refresh after', async () => {
      await judge.logIn(phone);
      const before = valueOf(await sdk.claims());
      await reload();
      valueOf(await sdk.refresh());
      expect(judge.calls()).toEqual([]);
      expect(valueOf(await sdk.claims())).toEqual(before);
      valueOf(await sdk.forceRefresh());
      expect(judge.calls()).toEqual(['POST /refresh 200']);
      expect(valueOf(await sdk.claims())).toMatchObject({ sub: before?.sub, sid: before?.sid });
    });

    it('are kept with the challenge that is open, before and after its code was sent', async () => {
      await judge.logIn(phone);
      const id = await requestOn(sdk);
      await reload();
      valueOf(await sdk.otpCreate(id));
      await reload();
      valueOf(await sdk.otpRetry());
      valueOf(await sdk.otpCheck(id, await judge.app.newestCode(phone)));
      expect(scopes(valueOf(await sdk.claims()))).toEqual([SCOPE]);
      await reload();
      expect(scopes(valueOf(await sdk.claims()))).toEqual([SCOPE]);
      valueOf(await sdk.forceRefresh());
      expect(scopes(valueOf(await sdk.claims()))).toEqual([SCOPE]);
    });

    it('are gone after a logout', async () => {
      await judge.logIn(phone);
      valueOf(await sdk.logout());
      await reload();
      expect(valueOf(await sdk.claims())).toBeNull();
      expect(await sdk.refresh()).toMatchObject(OVER);
    });
  });

  it('of two tabs are refreshed for both when both ask at once, by one call as a rule', async () => {
    await judge.logIn(phone);
    const tab = await judge.page.openTab();
    try {
      await tab.sdk.open(judge.recorder.domain);
      const before = valueOf(await tab.sdk.claims());
      valueOf(await sdk.invalidateCache());
      await judge.app.delayOnce('POST', '/v1/session/refresh', 500);
      judge.calls();
      const both = await Promise.all([sdk.refresh(), tab.sdk.refresh()]);
      const calls = judge.calls();
      expect(new Set(calls)).toEqual(new Set(['POST /refresh 200']));
      // Each tab is a process: what the first has stored may reach the second a moment after the lock, which then calls, too.
      const tokens = new Set(both.map((result) => valueOf(result).user.profile.jti));
      expect([1, 2]).toContain(calls.length);
      expect(tokens.size).toBe(calls.length);
      expect(tokens).not.toContain(before?.jti);

      valueOf(await tab.sdk.forceRefresh());
      valueOf(await sdk.forceRefresh());
      valueOf(await tab.sdk.logout());
      expect(await sdk.refresh()).toMatchObject(OVER);
    } finally {
      await tab.page.close();
    }
  });

  it('go on after the access token has aged: a refusal, a refresh, and the call once more', async () => {
    await judge.logIn(phone);
    await judge.app.advance(61);
    judge.calls();
    valueOf(await sdk.listSessions());
    expect(judge.calls()).toEqual(['GET /me/list 401', 'POST /refresh 200', 'GET /me/list 200']);
  });
});
