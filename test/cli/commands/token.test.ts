import { decodeJwt } from 'jose';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { startApplication, type Application } from '../../support/application.js';

let app: Application;
beforeAll(async () => {
  app = await startApplication();
});
afterEach(() => app.reset());
afterAll(() => app.close());

/** RFC 7515 §A.1: {"typ":"JWT","alg":"HS256"}, {"iss":"joe","exp":1300819380,"http://example.com/is_root":true}. */
const RFC_TOKEN =
  'eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk';

/** {"alg":"none"}, {"sub":"usr_\u001b[31m","scope":"a b"}, no signature. */
const COLOURED = 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJ1c3JfXHUwMDFiWzMxbSIsInNjb3BlIjoiYSBiIn0.';

describe('token', () => {
  test('prints the bare token, and the same one while it is good', async () => {
    await app.login();
    const { status, stdout } = await app.run('token');
    expect(status).toBe(0);
    expect(decodeJwt(stdout.trim()).sub).toMatch(/^usr_/);
    expect((await app.run('token')).stdout).toBe(stdout);
    expect((await app.run('token --json')).json()).toEqual({
      token: stdout.trim(),
      expiresAt: expect.stringMatching(/Z$/),
    });
  });

  test('renews it ten seconds before its end, once for two commands at once', async () => {
    await app.login();
    const first = (await app.run('token')).stdout;
    let refreshes = 0;
    const options = {
      now: () => Date.now() + 52_000,
      fetch: (input: Parameters<typeof fetch>[0], init?: RequestInit) => {
        if (new Request(input).url.endsWith('/refresh')) refreshes += 1;
        return fetch(input, init);
      },
    };
    const [one, two] = await Promise.all([app.run('token', options), app.run('token', options)]);
    expect([one.status, two.status]).toEqual([0, 0]);
    expect(one.stdout).not.toBe(first);
    expect(two.stdout).toBe(one.stdout);
    expect(refreshes).toBe(1);
  });

  test('nobody logged in is 4, an unreachable service is 6', async () => {
    expect((await app.run('token')).status).toBe(4);
    await app.login();
    await app.control.fault({ do: { drop: 'before' } });
    const { status, error } = await app.run('token --json', { now: () => Date.now() + 55_000 });
    expect([status, error().code]).toEqual([6, 'SERVICE_UNREACHABLE']);
  });
});

describe('token --decode', () => {
  test('shows header and claims of the session’s own token, never the token', async () => {
    await app.login();
    const token = (await app.run('token')).stdout.trim();
    const { status, json, stdout } = await app.run('token --decode --json');
    expect(status).toBe(0);
    expect(json()).toMatchObject({ header: { alg: 'RS256', kid: expect.any(String) }, claims: decodeJwt(token) });
    const text = await app.run('token --decode');
    expect(text.stdout).toMatch(/^User {4}usr_\S+\nScopes {2}none\nEnds {4}\S+Z \(.* left\)\n/);
    for (const part of token.split('.')) expect(stdout + text.stdout).not.toContain(part);
  });

  test('RFC 7515 §A.1: shows a token from standard input, needing no application and no login', async () => {
    const { status, json } = await app.run('token - --json', { stdin: `Bearer ${RFC_TOKEN}\n` });
    expect(status).toBe(0);
    expect(json()).toEqual({
      header: { typ: 'JWT', alg: 'HS256' },
      claims: { iss: 'joe', exp: 1300819380, 'http://example.com/is_root': true },
    });
    const { stdout } = await app.run('token - --decode', { stdin: RFC_TOKEN });
    expect(stdout).toContain('Ends    2011-03-22T18:43:00.000Z (past)');
    expect(stdout).not.toContain('dBjft');
  });

  test('lets no control character of a claim through to the terminal', async () => {
    const { stdout } = await app.run('token -', { stdin: COLOURED });
    expect(stdout).not.toContain('\u001b');
    expect(stdout).toContain('User    usr_?[31m\nScopes  a b\n');
  });

  test.each(['not a token', 'a.b.c', 'eyJhbGciOiJIUzI1NiJ9.e30'])('%j is no JWT, and is not repeated', async (text) => {
    const { status, error } = await app.run('token - --json', { stdin: text });
    expect(error().code).toBe('DOCUMENT_INVALID');
    expect(status).toBe(2);
    expect(JSON.stringify(error())).not.toContain(text);
  });

  test('an empty standard input is 2, the terminal as standard input is 5', async () => {
    expect((await app.run('token -', { stdin: '' })).status).toBe(2);
    expect((await app.run('token -', { tty: true })).status).toBe(5);
  });

  test('refuses a token in the argument list, without repeating it', async () => {
    const { status, error } = await app.run(['token', RFC_TOKEN, '--json']);
    expect([status, error().code]).toEqual([2, 'FLAG_INVALID']);
    expect(JSON.stringify(error())).not.toContain('eyJ');
  });
});
