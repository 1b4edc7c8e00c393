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

  test.each(['--decode', '--verify'])('one that nests so deep that no program walks it is 2 (%s)', async (flag) => {
    const deep = Buffer.from(`{"a":${'['.repeat(200_000)}${']'.repeat(200_000)}}`).toString('base64url');
    const { status, error } = await app.run(['token', '-', flag, '--json'], {
      stdin: `eyJhbGciOiJIUzI1NiJ9.${deep}.AA`,
    });
    expect([status, error().code]).toEqual([2, 'DOCUMENT_INVALID']);
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

  test('takes a token of the argument list, and says that others can read it there', async () => {
    const { status, json, stderr } = await app.run(['token', RFC_TOKEN, '--json']);
    expect(status).toBe(0);
    expect(json()).toMatchObject({ claims: { iss: 'joe' } });
    expect(stderr).toBe('A token in the argument list can be read by others on this machine: pipe it in.\n');
    const wrong = await app.run(['token', '--decode', 'eyJhbGciOiJIUzI1NiJ9.secret', '--json']);
    expect([wrong.status, wrong.error().code]).toEqual([2, 'DOCUMENT_INVALID']);
    expect(wrong.stderr).not.toMatch(/eyJ|secret/);
  });

  test('says which service, and to which key it is bound', async () => {
    await app.login();
    expect((await app.run('token --decode')).stdout).toMatch(
      /^User .*\nScopes .*\nEnds .*\nKey {5}bound to none: whoever has the token can use it\nService localhost:\d+\n|Service 127/m,
    );
    // {"alg":"none"}, {"cnf":{"jkt":"0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}} (RFC 9449 §6.1).
    const bound =
      'eyJhbGciOiJub25lIn0.eyJjbmYiOnsiamt0IjoiMFpjT0NPUlpOWXktRFdwcXEzMGpaeUpHSFROMGQySGdsQlYzdWlndUE0SSJ9fQ.';
    const { stdout } = await app.run('token -', { stdin: bound });
    expect(stdout).toContain('Key     bound to 0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I\n');
  });

  test('1 MB is looked into, and cut in words; more is 2', async () => {
    const token = (claims: object): string =>
      `eyJhbGciOiJub25lIn0.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.`;
    const large = token({ sub: 'usr_1', note: 'x'.repeat(700_000) });
    const { status, stdout } = await app.run('token -', { stdin: large });
    expect(status).toBe(0);
    expect(stdout).toContain('(700002 characters)');
    expect(stdout.length).toBeLessThan(5000);
    const larger = await app.run('token - --json', { stdin: token({ note: 'x'.repeat(800_000) }) });
    expect([larger.status, larger.error().code]).toEqual([2, 'FLAG_INVALID']);
  });
});

const SCOPE = ['token', '--scope', 'transfer:write'];
const byCode = { run: (...args: Parameters<Application['shell']>) => app.shell(...args) };

describe('token --scope', () => {
  test('steps up where no grant holds it, and prints the grant’s token while it lasts', async () => {
    await app.allow({});
    await app.addUser();
    await app.login();
    const { status, stdout } = await app.run([...SCOPE, '--code-command', 'inbox'], byCode);
    expect(status).toBe(0);
    expect(decodeJwt(stdout.trim())).toMatchObject({ scope: 'transfer:write' });
    expect((await app.run(SCOPE)).stdout).toBe(stdout);
    const { json } = await app.run([...SCOPE, '--json']);
    expect(json()).toEqual({
      token: stdout.trim(),
      expiresAt: expect.stringMatching(/Z$/),
      scopes: ['transfer:write'],
      singleUse: false,
      steppedUp: false,
    });
  });

  test('what lasts longer than its token comes with the next one', async () => {
    await app.allow({ grantedFor: 600 });
    await app.login();
    const first = await app.run([...SCOPE, '--code-command', 'inbox'], byCode);
    const later = await app.run([...SCOPE, '--json'], { now: () => Date.now() + 55_000 });
    expect(later.json()).toMatchObject({ steppedUp: false, scopes: ['transfer:write'] });
    expect(later.json<{ token: string }>().token).not.toBe(first.stdout.trim());
    expect(decodeJwt(later.json<{ token: string }>().token)['scope']).toBe('transfer:write');
  });

  test('one for a single use is handed out once; --decode and --verify only look at it', async () => {
    await app.allow({ grantMode: 'single-use' });
    await app.login();
    const hold = await app.run('request transfer:write --code-command inbox', byCode);
    expect(hold.status).toBe(0);
    expect((await app.run([...SCOPE, '--decode'])).stdout).toMatch(/^Scopes {2}transfer:write$/m);
    expect((await app.run([...SCOPE, '--verify'])).status).toBe(0);
    const { status, stdout, stderr } = await app.run(SCOPE);
    expect([status, decodeJwt(stdout.trim())['scope']]).toEqual([0, 'transfer:write']);
    expect(stderr).toContain('for a single use');
    expect((await app.run('check transfer:write')).status).toBe(7);
    expect((await app.run(SCOPE)).status).toBe(5);
    expect(decodeJwt((await app.run('token')).stdout.trim())['scope']).toBe('');
  });

  test('of two at once with one single use, one is handed it', async () => {
    await app.allow({ grantMode: 'single-use' });
    await app.login();
    await app.run('request transfer:write --code-command inbox', byCode);
    const outcomes = await Promise.all([app.run(SCOPE), app.run(SCOPE), app.run(SCOPE)]);
    expect(outcomes.map(({ status }) => status).toSorted()).toEqual([0, 5, 5]);
  });

  test('several scopes, each asked for where the service takes one at a time', async () => {
    await app.allow({}, { scope: 'account:delete' });
    await app.login();
    const two = [...SCOPE, '--scope', 'account:delete', '--code-command', 'inbox'];
    const { status, stdout } = await app.run(two, byCode);
    expect(status).toBe(0);
    expect(String(decodeJwt(stdout.trim())['scope']).split(' ').toSorted()).toEqual([
      'account:delete',
      'transfer:write',
    ]);
  });

  test('several scopes, of which one is held: it is not asked for again', async () => {
    await app.allow({}, { scope: 'key:export', grantMode: 'single-use' });
    await app.login();
    await app.run(['request', 'transfer:write', '--code-command', 'inbox'], byCode);
    const two = [...SCOPE, '--scope', 'key:export'];
    const nobody = await app.run([...two, '--json']);
    expect([nobody.status, nobody.error().hint]).toEqual([5, expect.stringContaining(': stepup request key:export')]);
    const { status, stdout, stderr } = await app.run([...two, '--code-command', 'inbox'], byCode);
    expect(status).toBe(0);
    expect(stderr.match(/Challenge \S+ for \S+: now verify_sms/g)).toEqual([
      expect.stringContaining(' for key:export:'),
    ]);
    expect(String(decodeJwt(stdout.trim())['scope']).split(' ').toSorted()).toEqual(['key:export', 'transfer:write']);
  });

  test('one for a single use that cannot be printed is kept', async () => {
    await app.allow({ grantMode: 'single-use' });
    await app.login();
    await app.run(['request', 'transfer:write', '--code-command', 'inbox'], byCode);
    const full = new AbortController();
    const lost = await app.run([...SCOPE], { signal: full.signal, onStdout: () => full.abort() });
    expect(lost.status).toBe(130);
    expect(lost.stderr).not.toContain('handed out');
    expect((await app.run('check transfer:write')).status).toBe(0);
  });

  test('with nobody to ask it is 5, names the flag, and leaves no challenge', async () => {
    await app.allow({});
    await app.login();
    const { status, error, stdout } = await app.run([...SCOPE, '--json']);
    expect({ status, stdout }).toEqual({ status: 5, stdout: '' });
    expect(error()).toMatchObject({ code: 'INPUT_NEEDED', field: '--code' });
    expect(error().hint).toContain('or step up before with: stepup request transfer:write');
    expect((await app.run('challenge list --json')).json()).toEqual({ challenges: [] });
    expect(await app.control.messages({ to: '+33612345678' })).toHaveLength(1); // the login's
  });

  test('a scope that is none, one that is not allowed, one with a token, nobody logged in', async () => {
    expect((await app.run(SCOPE)).status).toBe(4);
    await app.allow({});
    await app.login();
    expect((await app.run(['token', '--scope', 'a b', '--json'])).error().code).toBe('SCOPE_INVALID');
    expect((await app.run(['token', '--scope', 'other:scope', '--json'])).error().code).toBe('SCOPE_NOT_ALLOWED');
    const conflict = await app.run(['token', '-', '--scope', 'transfer:write', '--json'], { stdin: RFC_TOKEN });
    expect([conflict.status, conflict.error().code]).toEqual([2, 'FLAG_CONFLICT']);
  });
});

describe('token --verify', () => {
  interface Verified {
    verified: boolean;
    checks: { name: string; holds: boolean; expected: string; got: string; hint?: string }[];
  }
  const failing = ({ checks }: Verified): string[] => checks.filter(({ holds }) => !holds).map(({ name }) => name);
  const mint = async (defect: string): Promise<string> => {
    const response = await app.control.call('POST', '/tokens', { provider: 'prelude', defect });
    return ((await response.json()) as { token: string }).token;
  };

  test('the session’s own holds', async () => {
    await app.login();
    const { status, json, stdout } = await app.run('token --verify --json');
    expect(status).toBe(0);
    const found = json<Verified>();
    expect(found.verified).toBe(true);
    expect(found.checks.map(({ name }) => name)).toEqual([
      'alg',
      'kid',
      'signature',
      'typ',
      'iss',
      'exp',
      'nbf',
      'iat',
    ]);
    expect(stdout).not.toContain((await app.run('token')).stdout.trim());
    expect((await app.run('token --verify')).stdout).toMatch(/^ {2}holds {2}signature/m);
  });

  test.each([
    ['none', []],
    ['expired', ['exp']],
    ['not-yet-valid', ['nbf']],
    ['wrong-issuer', ['iss']],
    ['wrong-key', ['signature']],
    ['alg-none', ['alg', 'signature']],
    ['hs256-public-key', ['alg', 'signature']],
    ['wrong-app', ['iss']],
    ['challenge-token', ['alg', 'kid', 'signature', 'typ', 'iss']],
  ])('a token that is %s is 3 with these: %j', async (defect, names) => {
    const { status, json } = await app.run('token - --verify --json', { stdin: await mint(defect) });
    expect({ status, names: failing(json<Verified>()) }).toEqual({ status: names.length > 0 ? 3 : 0, names });
  });

  test('RFC 7515 §A.1 is not of this service; each failed check is said in words', async () => {
    const { status, stdout } = await app.run('token - --verify', { stdin: RFC_TOKEN });
    expect(status).toBe(3);
    expect(stdout).toContain('  fails  alg        expected RS256, got HS256');
    expect(stdout).toMatch(/ {2}fails {2}iss {8}expected \S+.* got joe/);
    expect(stdout).toMatch(/ {2}fails {2}exp {8}expected an instant in the future, got 2011-03-22T18:43:00.000Z/);
  });

  test('a service that cannot be reached is 6', async () => {
    await app.control.fault({ match: { path: '/.well-known/*' }, do: { drop: 'before' } });
    expect((await app.run('token - --verify', { stdin: RFC_TOKEN })).status).toBe(6);
  });
});
