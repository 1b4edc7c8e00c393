import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { SCOPE, startApplication, type Application } from '../../../support/application.js';

let app: Application;
let backend: Server;
let published: string;
beforeAll(async () => {
  app = await startApplication();
  backend = createServer((_, response) => response.end(published));
  await new Promise<void>((done) => backend.listen(0, '127.0.0.1', done));
});
beforeEach(async () => {
  await app.run('keys create');
  published = (await app.run('keys jwks')).stdout;
  await app.manage('POST', '/config/scopes', { scope: SCOPE });
  await app.manage('POST', '/config/stepup', {
    jwks_url: `http://127.0.0.1:${(backend.address() as AddressInfo).port}/jwks.json`,
    step_keys: [{ key: 'kyc_review', description: 'by hand' }],
    allowed_scopes: [
      {
        scope: SCOPE,
        mode: 'direct',
        direct: {
          identifier_types: ['phone_number'],
          status: 'review',
          grant_mode: 'session-bound',
          granted_for: 300,
          steps: [{ order: 1, key: 'kyc_review', expiration_duration: 600 }],
        },
      },
    ],
  });
  await app.addUser();
  await app.login();
});
afterEach(() => app.reset());
afterAll(async () => {
  backend.close();
  await app.close();
});

test('a custom step: it says what the backend has to do; the signed token ends the challenge', async () => {
  const stopped = await app.run(['request', SCOPE]);
  expect(stopped.status).toBe(5);
  expect(stopped.stderr).toContain('key           kyc_review');
  expect(stopped.stderr).toContain('--sign-with KEY');
  const signed = await app.run('keys sign');
  expect(signed.status).toBe(0);
  const done = await app.run('challenge continue --verification-token -', { stdin: signed.stdout });
  expect([done.status, done.stderr]).toEqual([0, expect.stringContaining('completed')]);
  expect((await app.run(['check', SCOPE])).status).toBe(0);
});

test('keys sign takes the challenge that is open, and asks which where there are two', async () => {
  await app.run(['request', SCOPE]);
  const [challenge] = (await app.run('challenge list --json')).json<{ challenges: Record<string, string>[] }>()
    .challenges;
  const { claims } = (await app.run('keys sign --json')).json<{ claims: object }>();
  expect(claims).toMatchObject({ challenge_id: challenge!.challengeId, sub: challenge!.userId, key: 'kyc_review' });
  const other = (await app.run('keys sign --json --step other --user usr_9')).json<{ claims: object }>();
  expect(other.claims).toMatchObject({ challenge_id: challenge!.challengeId, sub: 'usr_9', key: 'other' });
  await app.run(['request', SCOPE]);
  const several = await app.run('keys sign --json');
  expect([several.status, several.error()]).toMatchObject([2, { code: 'CHALLENGE_AMBIGUOUS', field: '--challenge' }]);
  expect((await app.run(['keys', 'sign', '--challenge', challenge!.challengeId!])).status).toBe(0);
  const unknown = await app.run('keys sign --challenge chl_none --json');
  expect(unknown.error()).toMatchObject({ code: 'CHALLENGE_UNKNOWN', field: '--challenge' });
});

test('request signs by itself with --sign-with', async () => {
  const done = await app.run(['request', SCOPE, '--sign-with', 'main', '--json']);
  expect(done.stderr).toBe('');
  expect([done.status, done.json()]).toMatchObject([0, { type: 'granted' }]);
});

test('a token that is over or of another key is the service’s to refuse', async () => {
  await app.run(['request', SCOPE]);
  const over = (await app.run('keys sign --expires -60')).stdout;
  const refused = await app.run('challenge continue --json --verification-token -', { stdin: over });
  expect([refused.status, refused.stderr]).not.toEqual([0, '']);
  expect(refused.stderr).not.toContain(over.trim());
});
