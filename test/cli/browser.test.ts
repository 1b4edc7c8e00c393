import { request } from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startBrowserLogin, type BrowserLogin } from '../../src/cli/browser.js';
import type { Context } from '../../src/cli/context.js';

let login: BrowserLogin;
let said: string[];
let stop: AbortController;
let late: () => void;
let slept: number | undefined;

beforeEach(async () => {
  said = [];
  stop = new AbortController();
  slept = undefined;
  const context = {
    terminal: {
      warn: (text: string) => void said.push(text),
      progress: <T>(_label: string, work: () => Promise<T>): Promise<T> => work(),
    },
    system: {
      signal: stop.signal,
      sleep: (ms: number, signal: AbortSignal) =>
        new Promise<void>((resolve, reject) => {
          slept = ms;
          late = resolve;
          signal.addEventListener('abort', () => reject(new Error('stopped')));
        }),
    },
  };
  login = await startBrowserLogin(context as unknown as Context, false);
});
afterEach(() => login.close());

/** Sends a target and headers as they are. */
function get(
  target: string,
  { method = 'GET', host = '' } = {},
): Promise<{ status: number; headers: object; text: string }> {
  const { hostname, port, host: ours } = new URL(login.redirectUri);
  return new Promise((resolve, reject) => {
    const call = request({ hostname, port, method, path: target, headers: { Host: host || ours } }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => (text += chunk.toString()));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
    });
    call.on('error', reject).end();
  });
}

describe('the listener for the browser', () => {
  test('is on this machine alone, at a port of its own', () => {
    expect(login.redirectUri).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/callback$/);
  });

  test('prints the address, and answers with the one that the browser came back to', async () => {
    const visit = login.visit('https://accounts.example.com/authorize?state=1');
    const page = await get('/callback?challenge_token=eyJ.eyJ.x');
    expect(await visit).toBe(`${login.redirectUri}?challenge_token=eyJ.eyJ.x`);
    expect(said).toEqual(['Log in at: https://accounts.example.com/authorize?state=1']);
    expect(page.status).toBe(200);
    expect(page.text).not.toContain('eyJ');
    expect(page.headers).toMatchObject({
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'content-security-policy': expect.stringContaining("default-src 'none'"),
    });
    expect(slept).toBe(300_000);
  });

  test.each([
    ['/', {}],
    ['/callback', {}],
    ['/callback?tab=1', {}],
    ['/callback/?error=x', {}],
    ['/other?error=x', {}],
    ['//', {}],
    ['//evil.example/callback?error=x', {}],
    ['http://evil.example/callback?error=x', {}],
    ['/callback?error=x', { method: 'POST' }],
    ['/callback?error=x', { method: 'HEAD' }],
    ['/callback?error=x', { host: 'evil.example' }],
    ['/callback?error=x', { host: 'localhost' }],
  ])('passes over %s %j', async (target, how) => {
    const visit = login.visit('https://accounts.example.com/');
    expect((await get(target, how)).status).toBe(404);
    await get('/callback?challenge_token=mine');
    expect(await visit).toBe(`${login.redirectUri}?challenge_token=mine`);
  });

  test('the first one that ends the login counts', async () => {
    const visit = login.visit('https://accounts.example.com/');
    await get('/callback?error=access_denied');
    await get('/callback?challenge_token=late');
    expect(await visit).toBe(`${login.redirectUri}?error=access_denied`);
  });

  test('nobody coming back is INPUT_NEEDED, Ctrl-C is INTERRUPTED', async () => {
    const visit = login.visit('https://accounts.example.com/');
    late();
    await expect(visit).rejects.toMatchObject({ code: 'INPUT_NEEDED', field: '--oauth' });
    const again = login.visit('https://accounts.example.com/');
    stop.abort();
    await expect(again).rejects.toMatchObject({ code: 'INTERRUPTED' });
  });

  test('is gone once it is closed', async () => {
    await login.close();
    await expect(get('/callback?error=x')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });
});
