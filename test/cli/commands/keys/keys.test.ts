import { verify } from 'node:crypto';
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { plain, stepup, temporaryHome, type Outcome, type RunOptions } from '../../../support/stepup.js';
import { keyPair } from '../../../support/key-pair.js';

interface Jwk {
  kty: string;
  kid: string;
  use: string;
  alg: string;
  n: string;
  e: string;
}

let home: string;
let folder: string;
let remove: () => Promise<void>;
beforeEach(async () => {
  ({ home, remove } = await temporaryHome());
  folder = await mkdtemp(join(tmpdir(), 'stepup-key-files-'));
});
afterEach(async () => {
  await remove();
  await rm(folder, { recursive: true, force: true });
});
const run = (args: string | string[], options: Partial<RunOptions> = {}): Promise<Outcome> =>
  stepup(args, { home, ...options });
const at = (name: string): string => join(folder, name);

async function key(name: string, mode = 0o600): Promise<string> {
  const { privateKey } = keyPair('rsa', { modulusLength: 2048 });
  await writeFile(at(name), privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode });
  return at(name);
}

async function publicSet(...args: string[]): Promise<Jwk[]> {
  return JSON.parse((await run(['keys', 'jwks', ...args])).stdout).keys;
}

describe('keys create', () => {
  test('makes a key in the store; only its public half is ever printed', async () => {
    const made = await run('keys create --json');
    expect(made.status).toBe(0);
    const kid = made.json<{ key: Jwk }>().key.kid;
    expect(made.json()).toEqual({ key: { kid, alg: 'RS256', bits: 2048, name: 'main' } });
    expect(kid).toMatch(/^[\w-]{43}$/);
    const shown = await run('keys jwks');
    expect(JSON.parse(shown.stdout)).toEqual({
      keys: [{ kty: 'RSA', kid, use: 'sig', alg: 'RS256', n: expect.stringMatching(/^[\w-]{342}$/), e: 'AQAB' }],
    });
    const bare = await run('keys create --name next --kid 2025-10');
    expect(bare.stdout).toBe('2025-10\n');
    expect((await publicSet()).map((one) => one.kid)).toEqual([kid, '2025-10']);
    expect((await publicSet('--key', 'next')).map((one) => one.kid)).toEqual(['2025-10']);
  });

  test('a name or a kid that is there is refused; --force replaces', async () => {
    const first = (await run('keys create --kid a')).stdout;
    for (const [args, field] of [
      ['--kid b', '--name'],
      ['--name next --kid a', '--kid'],
      ['--name next --kid a --force', '--kid'],
    ] as const) {
      const refused = await run(`keys create ${args} --json`);
      expect([refused.status, refused.error()]).toMatchObject([2, { code: 'KEY_EXISTS', field }]);
    }
    const [before] = await publicSet();
    expect((await run('keys create --kid a --force')).stdout).toBe(first);
    const after = await publicSet();
    expect(after.map(({ kid }) => kid)).toEqual(['a']);
    expect(after[0]!.n).not.toBe(before!.n);
  });

  test('a file is PEM or a JWK, for its owner only, and never over another', async () => {
    const made = await run(['keys', 'create', '--out', at('k.pem'), '--bits', '3072', '--json']);
    const kid = made.json<{ key: Jwk }>().key.kid;
    expect(made.json()).toEqual({ key: { kid, alg: 'RS256', bits: 3072, file: at('k.pem') } });
    expect(await readFile(at('k.pem'), 'utf8')).toMatch(/^-----BEGIN PRIVATE KEY-----\n/);
    expect((await stat(at('k.pem'))).mode & 0o777).toBe(0o600);
    expect((await publicSet('--key', at('k.pem')))[0]!.kid).toBe(kid);
    const again = await run(['keys', 'create', '--out', at('k.pem'), '--json']);
    expect([again.status, again.error()]).toMatchObject([2, { code: 'KEY_EXISTS', field: '--out' }]);
    expect((await run(['keys', 'create', '--out', at('k.pem'), '--force'])).status).toBe(0);
    expect((await publicSet('--key', at('k.pem')))[0]!.kid).not.toBe(kid);

    const jwk = await run(['keys', 'create', '--out', at('k.jwk'), '--kid', 'mine']);
    expect(JSON.parse(await readFile(at('k.jwk'), 'utf8'))).toMatchObject({ kty: 'RSA', kid: 'mine', alg: 'RS256' });
    const { d } = JSON.parse(await readFile(at('k.jwk'), 'utf8'));
    expect(`${jwk.stdout}${jwk.stderr}`).not.toContain(d);
    expect((await publicSet('--key', at('k.jwk')))[0]!.kid).toBe('mine');
    expect((await run('keys jwks --json')).error().code).toBe('KEY_UNKNOWN');
  });

  test.each([
    ['--name a/b', 'FLAG_INVALID', '--name'],
    ['--name constructor', 'FLAG_INVALID', '--name'],
    ['--out - ', 'FLAG_INVALID', '--out'],
    ['--name a --out b', 'FLAG_CONFLICT', '--name'],
    ['--format jwk', 'FLAG_CONFLICT', '--format'],
    ['--format pem --kid a --out b', 'FLAG_CONFLICT', '--kid'],
    ['--out /none/here/k.pem', 'FILE_UNWRITABLE', '--out'],
  ])('%s is %s', async (args, code, field) => {
    expect((await run(`keys create --json ${args}`)).error()).toMatchObject({ code, field });
    expect((await run(['keys', 'create', '--json', '--kid', 'a b'])).error().code).toBe('FLAG_INVALID');
    expect((await run('keys create --bits 1024 --json')).error().code).toBe('USAGE');
  });
});

describe('keys jwks', () => {
  test('takes private and public files, each once, and refuses a private one that others can read', async () => {
    const file = await key('a.pem');
    const [own] = await publicSet('--key', file);
    expect(Object.keys(own!)).toEqual(['kty', 'kid', 'use', 'alg', 'n', 'e']);
    await writeFile(at('public.jwk'), JSON.stringify(own), { mode: 0o644 });
    expect(await publicSet('--key', file, '--key', at('public.jwk'))).toEqual([own]);
    await chmod(file, 0o644);
    const exposed = await run(['keys', 'jwks', '--key', file, '--json']);
    expect([exposed.status, exposed.error()]).toMatchObject([
      2,
      { code: 'KEY_EXPOSED', field: '--key', hint: `Keep it to yourself: chmod 600 ${file}` },
    ]);
    await writeFile(
      at('other.jwk'),
      JSON.stringify({ ...(await publicSet('--key', await key('b.pem')))[0], kid: own!.kid }),
    );
    const two = await run(['keys', 'jwks', '--key', at('public.jwk'), '--key', at('other.jwk'), '--json']);
    expect(two.error()).toMatchObject({ code: 'KEY_EXISTS' });
  });

  test('what is no key is an error without a quote', async () => {
    await run('keys create');
    const unknown = await run('keys jwks --key other --json');
    expect(unknown.error()).toMatchObject({ code: 'KEY_UNKNOWN', hint: 'The keys of the store: main' });
    const text = await readFile(await key('a.pem'), 'utf8');
    const literal = await run(['keys', 'jwks', '--key', text, '--json']);
    expect(literal.error()).toMatchObject({ code: 'FLAG_INVALID', field: '--key' });
    expect(literal.stderr).not.toContain(text.slice(40, 80));
  });
});

describe('keys sign', () => {
  const about = ['--challenge', 'chl_1', '--step', 'kyc_review', '--user', 'usr_1'];

  test('signs with the only key, for nobody who is logged in; the bare token in a pipe', async () => {
    await run('keys create --kid k1');
    const now = (): number => 1_760_000_000_000;
    const signed = await run(['keys', 'sign', ...about, '--expires', '60', '--json'], { now });
    expect(signed.status).toBe(0);
    const { token, claims } = signed.json<{ token: string; claims: object }>();
    expect(claims).toEqual({
      sub: 'usr_1',
      challenge_id: 'chl_1',
      key: 'kyc_review',
      status: 'completed',
      jti: expect.stringMatching(/^[\w-]{22}$/),
      iat: 1_760_000_000,
      nbf: 1_760_000_000,
      exp: 1_760_000_060,
    });
    const [head = '', payload = '', signature = ''] = token.split('.');
    expect(JSON.parse(Buffer.from(head, 'base64url').toString())).toMatchObject({ alg: 'RS256', kid: 'k1' });
    const publicKey = { key: { ...(await publicSet())[0]! }, format: 'jwk' as const };
    expect(verify('sha256', Buffer.from(`${head}.${payload}`), publicKey, Buffer.from(signature, 'base64url'))).toBe(
      true,
    );
    expect((await run(['keys', 'sign', ...about])).stdout).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/);
  });

  test('with a file or standard input, under another kid; a file that others can read is refused', async () => {
    const file = await key('a.pem');
    const header = async (args: string[], options = {}): Promise<{ kid: string }> =>
      JSON.parse(
        Buffer.from((await run(['keys', 'sign', ...about, ...args], options)).stdout, 'base64url')
          .toString()
          .split('}')[0] + '}',
      );
    expect(await header(['--key', file, '--kid', 'theirs'])).toMatchObject({ kid: 'theirs' });
    expect(await header(['--key', '-'], { stdin: await readFile(file, 'utf8') })).toMatchObject({ alg: 'RS256' });
    await chmod(file, 0o640);
    const exposed = await run(['keys', 'sign', ...about, '--key', file, '--json']);
    expect(exposed.error()).toMatchObject({ code: 'KEY_EXPOSED', hint: expect.stringContaining('chmod 600') });
  });

  test('which key, challenge or step is meant must be clear', async () => {
    const none = await run(['keys', 'sign', ...about, '--json']);
    expect([none.status, none.error()]).toMatchObject([2, { code: 'KEY_UNKNOWN', field: '--key' }]);
    await run('keys create');
    await run('keys create --name next');
    const several = await run(['keys', 'sign', ...about, '--json']);
    expect(several.error()).toMatchObject({ message: 'Several signing keys are in the store: main, next.' });
    for (const [args, field] of [
      [['--expires', 'x'], '--expires'],
      [['--expires', '86401'], '--expires'],
      [['--kid', 'a b'], '--kid'],
      [['--status', ''], '--status'],
      [['--step', 'a\u001bb'], '--step'],
    ] as const) {
      const wrong = await run(['keys', 'sign', ...about, '--key', 'main', ...args, '--json']);
      expect([wrong.error().code, wrong.error().field]).toEqual(['FLAG_INVALID', field]);
    }
    const nobody = await run(['keys', 'sign', '--key', 'main', '--app', 'demo', '--json']);
    expect([nobody.status, nobody.error().code]).toEqual([4, 'NOT_LOGGED_IN']);
  });
});

describe('keys serve', () => {
  async function serve(
    args: string[],
  ): Promise<{ url: string; lines: Record<string, unknown>[]; stop(): Promise<Outcome> }> {
    const stopping = new AbortController();
    const lines: Record<string, unknown>[] = [];
    let outcome: Promise<Outcome> | undefined;
    await new Promise<void>((ready, failed) => {
      const onStdout = (text: string): void => {
        for (const line of text.split('\n').filter(Boolean)) lines.push(JSON.parse(line) as Record<string, unknown>);
        ready();
      };
      outcome = run(['keys', 'serve', '--port', '0', '--json', ...args], { signal: stopping.signal, onStdout });
      void outcome.then(({ stderr }) => failed(new Error(stderr)));
    });
    const stop = (): Promise<Outcome> => {
      stopping.abort();
      return outcome!;
    };
    return { url: String(lines[0]!['url']), lines, stop };
  }

  test('serves the public halves, also of a key made meanwhile, and ends with 0', async () => {
    await run('keys create --kid a');
    const { url, lines, stop } = await serve([]);
    expect(lines[0]).toEqual({ type: 'ready', url, jwksUrl: `${url}/.well-known/jwks.json`, kids: ['a'] });
    const first = await fetch(`${url}/.well-known/jwks.json`);
    expect([first.status, first.headers.get('content-type'), first.headers.get('cache-control')]).toEqual([
      200,
      'application/json',
      'public, max-age=600',
    ]);
    expect(await first.json()).toEqual({ keys: await publicSet() });
    await run('keys create --name next --kid b');
    const second = (await (await fetch(`${url}/.well-known/jwks.json?x=1`)).json()) as { keys: Jwk[] };
    expect(second.keys.map(({ kid }) => kid)).toEqual(['a', 'b']);
    expect((await fetch(`${url}/`)).status).toBe(404);
    expect((await fetch(`${url}/.well-known/jwks.json`, { method: 'POST' })).status).toBe(405);
    expect(lines.slice(1).map(({ type, method, path, status }) => [type, method, path, status])).toEqual([
      ['request', 'GET', '/.well-known/jwks.json', 200],
      ['request', 'GET', '/.well-known/jwks.json', 200],
      ['request', 'GET', '/', 404],
      ['request', 'POST', '/.well-known/jwks.json', 405],
    ]);
    const tested = await run(['keys', 'test', `${url}/.well-known/jwks.json`, '--key', 'next', '--json']);
    expect([tested.status, tested.json()]).toMatchObject([0, { failed: 0 }]);
    expect((await stop()).status).toBe(0);
    await expect(fetch(url)).rejects.toThrow('fetch failed');
  });

  test('without a key, with a strange host or a port in use', async () => {
    expect((await run('keys serve --json')).error()).toMatchObject({ code: 'KEY_UNKNOWN' });
    await run('keys create');
    expect((await run('keys serve --host 0.0.0.0 --json')).error()).toMatchObject({ code: 'FLAG_INVALID' });
    const { url, stop } = await serve([]);
    const taken = await run(['keys', 'serve', '--port', new URL(url).port, '--json']);
    expect([taken.status, taken.error().code]).toEqual([1, 'PORT_IN_USE']);
    await stop();
  });
});

describe('keys test', () => {
  let server: Server;
  let url: string;
  let content: unknown;
  beforeEach(async () => {
    server = createServer((_, response) => {
      response.setHeader('Content-Type', 'application/json');
      response.end(JSON.stringify(content));
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks.json`;
  });
  afterEach(() => void server.close());

  test('a published private key is said loudly, with status 3, and JUnit beside it', async () => {
    await run(['keys', 'create', '--out', at('k.jwk'), '--kid', 'mine']);
    const leaked = JSON.parse(await readFile(at('k.jwk'), 'utf8'));
    content = { keys: [leaked] };
    const tested = await run(['keys', 'test', url, '--junit', at('keys.xml')]);
    expect(tested.status).toBe(3);
    expect(tested.stdout).toContain(
      'FAULT\tno private key is published\tpublic members only\tA PRIVATE KEY IS PUBLISHED',
    );
    expect(tested.stderr).toContain('A PRIVATE KEY IS PUBLISHED: mine has d, p, q, dp, dq, qi. Take it down now');
    const xml = await readFile(at('keys.xml'), 'utf8');
    expect(xml).toContain('failures="1"');
    for (const text of [tested.stdout, tested.stderr, xml]) expect(text).not.toContain(leaked.d);
  });

  test('in a terminal the table is followed by what to do', async () => {
    content = { keys: [] };
    const tested = await run(['keys', 'test', url], { tty: true });
    expect(tested.status).toBe(3);
    const rows = plain(tested.stdout).split('\n').filter(Boolean);
    expect(rows.every((row) => row.length <= 110)).toBe(true);
    expect(rows.at(-3)).toMatch(/^FAULT +it has keys +\{"keys":\[…\]\} with one key or more +no key$/);
    expect(tested.stderr).toContain('- it has keys: Publish what stepup keys jwks prints.');
  });

  test.each([
    ['3', 3000],
    ['60', 5000],
  ])('--timeout %s gives it at most %i ms', async (seconds, ms) => {
    const waited: number[] = [];
    const tested = await run(['keys', 'test', url, '--timeout', seconds, '--json'], {
      fetch: (_, init) =>
        new Promise((_done, fail) => init?.signal?.addEventListener('abort', () => fail(new Error('x')))),
      sleep: async (wait) => void waited.push(wait),
    });
    expect([tested.status, waited]).toEqual([3, [ms]]);
  });

  test('advice is no fault; a kid that is missing is', async () => {
    await run('keys create --kid a');
    content = { keys: await publicSet() };
    const good = await run(['keys', 'test', url, '--key', 'main', '--kid', 'a', '--json']);
    expect(good.status).toBe(0);
    expect(good.json()).toMatchObject({ passed: 15, failed: 0 });
    const missing = await run(['keys', 'test', url, '--kid', 'b', '--format', 'junit']);
    expect(missing.status).toBe(3);
    expect(missing.stdout).toContain('name="the wanted kid is published"><failure message="expected b, got a">');
  });

  test.each([
    [['nowhere'], 'URL_INVALID'],
    [['ftp://example.com/a'], 'URL_INVALID'],
    [['https://a:secret@example.com/'], 'URL_INVALID'],
    [['https://example.com/', '--key', 'none'], 'KEY_UNKNOWN'],
    [['https://example.com/', '--format', 'junit'], 'FLAG_CONFLICT'],
  ])('%j is %s, and nothing is called', async (args, code) => {
    const wrong = await run(['keys', 'test', ...args, '--json'], { fetch: () => Promise.reject(new Error('called')) });
    expect([wrong.status, wrong.error().code]).toEqual([2, code]);
    expect(wrong.stderr).not.toContain('secret');
  });
});
