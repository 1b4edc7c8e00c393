import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { get as httpGet } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { direct, loggedIn, startWorld, tokenOf, type World } from '../prelude/client.js';

const PHONE = '+33612345678';

describe('the web page', () => {
  let world: World;
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'stepup-ui-'));
    for (const name of ['index.html', 'app.js', 'app.css', 'icon.svg'])
      await writeFile(join(folder, name), `[${name}]`);
    world = await startWorld({ uiFolder: folder });
  });
  afterAll(async () => {
    await world.stop();
    await rm(folder, { recursive: true, force: true });
  });

  /** Not by fetch, which says `Sec-Fetch-Mode: cors` whatever is given. */
  const get = (path: string, headers: Record<string, string> = {}): Promise<Response> =>
    new Promise((resolve, reject) => {
      const request = httpGet(`${world.emulator.ready.controlUrl}${path}`, { headers, agent: false }, (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('end', () => {
          const pairs = Object.entries(answer.headersDistinct).map(([name, values]): [string, string] => [
            name,
            (values ?? []).join(', '),
          ]);
          resolve(
            new Response(Buffer.concat(chunks).toString('utf8'), { status: answer.statusCode ?? 0, headers: pairs }),
          );
        });
      });
      request.on('error', reject);
    });

  it.each([
    ['/ui', '[index.html]', 'text/html; charset=utf-8'],
    ['/ui/app.js', '[app.js]', 'text/javascript; charset=utf-8'],
    ['/ui/app.css', '[app.css]', 'text/css; charset=utf-8'],
    ['/ui/icon.svg', '[icon.svg]', 'image/svg+xml'],
  ])('%s is served without a token, and may do nothing but what it is for', async (path, text, type) => {
    const response = await get(path);
    expect(response.status).toBe(200);
    expect(await response.text()).toBe(text);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': type,
      'content-security-policy':
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; " +
        "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'cache-control': 'no-store',
    });
    expect(response.headers.get('set-cookie')).toBeNull();
  });

  it.each(['/ui/main.tsx', '/ui/..%2f..%2fpackage.json', '/ui/constructor', '/ui/app.js/x'])(
    'has no %s',
    async (path) => {
      expect((await get(path)).status).toBeGreaterThanOrEqual(400);
    },
  );

  it('is found with a slash at its end, too', async () => {
    const response = await get('/ui/');
    expect(response.status).toBe(302);
    const target = new URL(response.headers.get('location') ?? '', `${world.emulator.ready.controlUrl}/ui/`);
    expect(target.href).toBe(`${world.emulator.ready.controlUrl}/ui`);
  });

  it('never answers with the token', async () => {
    const { controlToken } = world.emulator.ready;
    for (const path of ['/ui', '/ui/app.js', `/ui?token=${controlToken}`, '/health']) {
      const response = await get(path, { authorization: `Bearer ${controlToken}` });
      expect(`${await response.text()} ${JSON.stringify([...response.headers])}`).not.toContain(controlToken);
    }
  });

  describe('and other pages', () => {
    const auth = (): Record<string, string> => ({ authorization: `Bearer ${world.emulator.ready.controlToken}` });
    const own = (): string => new URL(world.url).origin;
    const NAVIGATION = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };

    it('calls of the page itself pass', async () => {
      expect((await get('/clock', { ...auth(), 'sec-fetch-site': 'same-origin' })).status).toBe(200);
      expect((await get('/clock', { ...auth(), 'sec-fetch-site': 'same-origin', origin: own() })).status).toBe(200);
      expect((await get('/clock', { ...auth(), origin: own() })).status).toBe(200);
    });

    it.each([
      ['cross-site', { 'sec-fetch-site': 'cross-site' }],
      ['of the same site', { 'sec-fetch-site': 'same-site' }],
      ['of another port', { origin: 'http://127.0.0.1:3000' }],
      ['of another host', { 'sec-fetch-site': 'same-origin', origin: 'http://rebound.example:4780' }],
      ['of a sandbox', { origin: 'null' }],
      ['embedding', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'script' }],
      ['framing', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' }],
    ])('calls %s are refused', async (_, headers) => {
      for (const path of ['/clock', '/ui', '/ui/app.js', '/ui-data', '/health']) {
        expect((await get(path, { ...auth(), ...headers })).status).toBe(403);
      }
    });

    it('a link elsewhere opens the page, and nothing but the page', async () => {
      const link = { ...NAVIGATION, 'sec-fetch-site': 'cross-site' };
      expect((await get('/ui', link)).status).toBe(200);
      expect((await get('/ui/app.js', link)).status).toBe(403);
      expect((await get('/clock', { ...auth(), ...link })).status).toBe(403);
    });
  });

  it('gets sessions and challenges, without a secret, with its token only', async () => {
    await world.configure([direct('transfer:write', ['verify_sms'])]);
    const client = await loggedIn(world, PHONE);
    const token = tokenOf(await client.request('transfer:write'));
    await client.sendCode(token);
    expect((await get('/ui-data')).status).toBe(401);

    const response = await world.control.call('GET', '/ui-data');
    const text = await response.text();
    const data = JSON.parse(text) as Record<string, unknown>;
    expect(data).toMatchObject({
      sessions: {
        total: 1,
        newest: [{ provider: 'prelude', who: PHONE, key: client.key.jkt, client: 'node' }],
      },
      challenges: {
        total: 1,
        newest: [
          {
            provider: 'prelude',
            kind: 'challenge',
            scope: 'transfer:write',
            status: 'open',
            steps: [{ key: 'verify_sms', done: false }],
            mode: 'session-bound',
          },
        ],
      },
    });
    for (const secret of [client.access, client.refresh, token, await world.code(PHONE)]) {
      expect(text).not.toContain(secret);
    }
    await world.control.clock({ advance: 301 });
    expect(await (await world.control.call('GET', '/ui-data')).json()).toMatchObject({
      challenges: { newest: [{ status: 'expired', endsAt: null }] },
    });
  });
});
