/** The example backends: each runs as its page says, is put to our own tests of hooks and key sets, and is walked through whole. */
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestEmulator, type TestEmulator } from '../support/emulator.js';
import { stepup, temporaryHome, type Outcome } from '../support/stepup.js';
import { freePort } from '../backend/sample-hooks.js';
import { copyExample, runExample, type Example, type RunningExample } from './support/example.js';

const phone = '+33612345678';

it('starts an emulator with examples/seed.yaml, whose scope the backend on port 3000 decides', async () => {
  const seed = fileURLToPath(new URL('../../examples/seed.yaml', import.meta.url));
  const { emulator, stop } = await startTestEmulator({ httpsPort: undefined, seed });
  const { managementUrl, managementKey, appId } = emulator.ready.prelude;
  const answer = await fetch(`${managementUrl}/v2/session/apps/${appId}/config/stepup`, {
    headers: { Authorization: `Bearer ${managementKey}` },
  });
  expect(await answer.json()).toMatchObject({
    config: { allowed_scopes: [{ delegated: { delegation_hook: 'http://localhost:3000/hooks/stepup' } }] },
  });
  await stop();
});

describe.each(['express-backend', 'hono-backend'])('examples/%s', (name) => {
  let example: Example;
  let store: Awaited<ReturnType<typeof temporaryHome>>;

  beforeAll(async () => {
    [example, store] = await Promise.all([copyExample(name), temporaryHome()]);
  });
  afterAll(() => Promise.all([example.remove(), store.remove()]));

  describe('with the emulator', () => {
    let emulator: TestEmulator;
    let backend: RunningExample;

    beforeAll(async () => {
      emulator = await startTestEmulator({ httpsPort: undefined });
      const { jwksUrl, issuer } = emulator.emulator.ready.prelude;
      backend = await runExample(example.folder, {
        PORT: '0',
        STEPUP_PRELUDE_JWKS_URL: jwksUrl,
        STEPUP_PRELUDE_ISSUER: issuer,
      });
    });
    afterAll(async () => {
      await backend.stop();
      await emulator.stop();
    });

    const run = async (line: string, more: object = {}): Promise<Outcome> => {
      const outcome = await stepup(`${line} --emulator=${emulator.emulator.ready.url}`, { home: store.home, ...more });
      expect({ line, stderr: outcome.status === 0 ? '' : outcome.stderr }).toEqual({ line, stderr: '' });
      return outcome;
    };
    const code = async () => ({
      status: 0,
      stdout: (await emulator.control.messages({ to: phone })).at(-1)!.code,
      timedOut: false,
    });
    const transfer = async (token: string): Promise<number> =>
      (await fetch(`${backend.url}/transfer`, { method: 'POST', headers: { Authorization: `Bearer ${token}` } }))
        .status;
    const token = async (): Promise<string> => (await run('token')).stdout.trim();

    it('lets a transfer through after a code and a step of its own, and not before', async () => {
      await run(`config create --hook-url ${backend.url}/hooks/stepup --jwks-url ${backend.url}/.well-known/jwks.json`);
      await run('config update --step-key kyc_review');
      await run('scope add transfer:write');
      await run(`login --phone ${phone} --code-command phone`, { run: code });
      const before = await token();
      expect(await transfer('none')).toBe(401);
      expect(await transfer(before)).toBe(403);

      let asked = 0;
      /** What a front end does: it sends a code that the user types, and asks the backend for the custom step's token. */
      const walk = async (_command: unknown, { env = {} }: { env?: Record<string, string | undefined> } = {}) => {
        if (env.STEPUP_STEP !== 'kyc_review') return code();
        asked += 1;
        const answer = await fetch(`${backend.url}/kyc`, {
          method: 'POST',
          headers: { Authorization: `Bearer ${before}`, 'Content-Type': 'application/json' },
          body: JSON.stringify({ challenge_id: env.STEPUP_CHALLENGE_ID }),
        });
        const { verification_token: stdout } = (await answer.json()) as { verification_token: string };
        return { status: 0, stdout, timedOut: false };
      };
      await run('request transfer:write --code-command phone --verification-command backend', { run: walk });
      expect(asked).toBe(1);
      expect(await transfer(await token())).toBe(200);
    });

    it.each([
      'expired',
      'wrong-key',
      'wrong-issuer',
      'alg-none',
      'hs256-public-key',
      'challenge-token',
      'not-yet-valid',
    ])('takes no access token that is %s', async (defect) => {
      const response = await emulator.control.call('POST', '/tokens', {
        provider: 'prelude',
        claims: { scope: 'transfer:write' },
        defect,
      });
      expect(response.status).toBeLessThan(300);
      const { token: minted } = (await response.json()) as { token: string };
      expect(await transfer(minted)).toBe(401);
    });

    it.each(['missing-scope', 'scope-substring'])('wants the very scope: %s', async (defect) => {
      const response = await emulator.control.call('POST', '/tokens', {
        provider: 'prelude',
        claims: { scope: 'transfer:write' },
        defect,
      });
      const { token: minted } = (await response.json()) as { token: string };
      expect(await transfer(minted)).toBe(403);
    });

    it('asks nobody for a step without a session', async () => {
      const answer = await fetch(`${backend.url}/kyc`, { method: 'POST', body: '{"challenge_id":"chl_1"}' });
      expect(answer.status).toBe(401);
    });
  });

  it('passes `stepup hook test` and `stepup keys test`', async () => {
    const jwksPort = await freePort();
    const backend = await runExample(example.folder, {
      PORT: '0',
      STEPUP_PRELUDE_JWKS_URL: `http://127.0.0.1:${jwksPort}/.well-known/jwks.json`,
      STEPUP_PRELUDE_ISSUER: 'localhost',
    });
    try {
      const hook = await stepup(`hook test ${backend.url}/hooks/stepup --step-key kyc_review --jwks-port ${jwksPort}`, {
        home: store.home,
      });
      expect({ status: hook.status, said: hook.status === 0 ? '' : hook.stdout + hook.stderr }).toEqual({
        status: 0,
        said: '',
      });
      const keys = await stepup(`keys test ${backend.url}/.well-known/jwks.json --kid kyc-1`, { home: store.home });
      expect({ status: keys.status, said: keys.status === 0 ? '' : keys.stdout + keys.stderr }).toEqual({
        status: 0,
        said: '',
      });
    } finally {
      await backend.stop();
    }
  });
});
