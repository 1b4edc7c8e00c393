/** Login by a social account: a browser of the test goes where the program sends it. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { EMAIL, startApplication, type Application } from '../../../support/application.js';
import type { Outcome, RunOptions } from '../../../support/stepup.js';

let app: Application;
beforeAll(async () => {
  app = await startApplication();
});
beforeEach(() => configure());
afterEach(() => app.reset());
afterAll(() => app.close());

function configure(more: Record<string, unknown> = {}): Promise<void> {
  return app.manage('POST', '/config/login/oauth/google', { client_id: 'id', client_secret: 'hush', ...more });
}

/** A login whose address the test's own browser opens. */
async function login(
  browser: (url: string) => Promise<unknown>,
  flags: string[] = [],
  options: Partial<RunOptions> = {},
): Promise<Outcome> {
  let screen = '';
  let visited: Promise<unknown> | undefined;
  const outcome = await app.run(['login', '--oauth', 'google', '--no-browser', ...flags], {
    ...options,
    onStderr(text) {
      screen += text;
      const [, url] = /Log in at: (\S+)\s/.exec(screen) ?? [];
      if (url !== undefined) visited ??= browser(url);
    },
  });
  await visited;
  return outcome;
}

/** Opens the address without following it: where the provider sends the browser. */
async function back(url: string): Promise<URL> {
  const { headers } = await fetch(url, { redirect: 'manual' });
  return new URL(headers.get('location') ?? '');
}

const follow = async (url: string): Promise<{ status: number; text: string }> => {
  const response = await fetch(url);
  return { status: response.status, text: await response.text() };
};

describe('login --oauth', () => {
  test('goes through the browser to a session; the page says that it can be closed', async () => {
    let page: Awaited<ReturnType<typeof follow>> | undefined;
    const { status, json, stderr } = await login(async (url) => (page = await follow(url)), ['--json']);
    expect(status).toBe(0);
    expect(json()).toMatchObject({ session: { userId: expect.stringMatching(/^usr_/), provider: 'prelude' } });
    expect(page).toEqual({ status: 200, text: expect.stringContaining('go back to the terminal') });
    expect(stderr).not.toContain('eyJ');
    expect((await app.run('whoami')).status).toBe(0);
  });

  test('the same account is the same user, another one is not', async () => {
    const user = async (hint = ''): Promise<string> =>
      (await login((url) => follow(url + hint), ['--json'])).json<{ session: { userId: string } }>().session.userId;
    const first = await user();
    expect(await user()).toBe(first);
    expect(await user(`&login_hint=${EMAIL}`)).not.toBe(first);
  });

  test('the account saying no is 3', async () => {
    const { status, error } = await login((url) => follow(`${url}&error=access_denied`), ['--json']);
    expect([status, error().message]).toEqual([3, expect.stringContaining('access_denied')]);
    expect((await app.run('whoami')).status).toBe(4);
  });

  test('what is no end of the login is passed over, and the login goes on', async () => {
    const answers: number[] = [];
    const { status } = await login(async (url) => {
      const there = await back(url);
      const { origin } = there;
      for (const path of [
        '/',
        '/favicon.ico',
        '/callback',
        '/callback?tab=1',
        '/other?challenge_token=x',
        '//',
        '//[',
      ]) {
        answers.push((await rawGet(origin, path)).status);
      }
      answers.push((await rawGet(origin, '/callback?challenge_token=x', { Host: 'evil.example' })).status);
      answers.push((await rawGet(origin, 'http://evil.example/callback?challenge_token=x')).status);
      answers.push((await fetch(`${origin}/callback?challenge_token=x`, { method: 'POST' })).status);
      answers.push((await fetch(there)).status);
    });
    expect(answers).toEqual([404, 404, 404, 404, 404, 404, 404, 404, 404, 404, 200]);
    expect(status).toBe(0);
  });

  test('a token that is bound to no login is refused: a page of somebody else may have led here with their own', async () => {
    const send = (path: string, body: object, headers = {}): Promise<Response> =>
      fetch(`${app.url}/v1/session${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify(body),
      });
    const opened = await send('/otp', { identifier: { type: 'email_address', value: EMAIL } });
    const proof = { 'x-verification-token': opened.headers.get('x-verification-token') ?? '' };
    const checked = await send('/otp/check', { code: (await app.newest()).code }, proof);
    const { challenge_token: theirs } = (await checked.json()) as { challenge_token: string };
    const { status, error } = await login(
      async (url) => fetch(`${(await back(url)).origin}/callback?challenge_token=${theirs}`),
      ['--json'],
    );
    expect([status, error().message]).toEqual([3, expect.stringContaining('another login')]);
    expect((await app.run('whoami')).status).toBe(4);
  });

  test('a token of another login is refused, since its verifier is another one', async () => {
    let stolen: URL | undefined;
    const first = await login(
      async (url) => {
        stolen = await back(url);
        await fetch(`${stolen.origin}/callback?error=access_denied`);
      },
      ['--json'],
    );
    expect(first.status).toBe(3);
    const { status, error } = await login(
      async (url) => {
        const { origin } = await back(url);
        await fetch(`${origin}/callback${stolen!.search}`);
      },
      ['--json'],
    );
    expect([status, error().code]).toEqual([3, 'CHALLENGE_OVER']);
    expect((await app.run('whoami')).status).toBe(4);
  });

  test.each(['x', 'eyJ.eyJ.x', ''])('the token %j is no token', async (token) => {
    const { status, stdout, stderr } = await login(async (url) => {
      const { origin } = await back(url);
      await fetch(`${origin}/callback?challenge_token=${token}`);
    });
    expect([status, stdout]).toEqual([token === '' ? 3 : 6, '']);
    expect(stderr).not.toMatch(/at \S+ \(/);
  });

  test('a second hit changes nothing', async () => {
    const { status } = await login(async (url) => {
      const there = await back(url);
      await Promise.allSettled([fetch(there), fetch(there), fetch(`${there.origin}/callback?error=late`)]);
    });
    expect(status).toBe(0);
  });

  test('the listener is closed afterwards', async () => {
    let origin = '';
    await login(async (url) => {
      const there = await back(url);
      ({ origin } = there);
      await fetch(there);
    });
    await expect(fetch(origin)).rejects.toThrow('fetch failed');
  });

  test('Ctrl-C while it waits is 130', async () => {
    const stop = new AbortController();
    const { status, stdout } = await login(async () => stop.abort(), [], { signal: stop.signal });
    expect([status, stdout]).toEqual([130, '']);
  });

  test('nobody coming back within five minutes is 5', async () => {
    const waited: number[] = [];
    const { status, error } = await login(async () => undefined, ['--json'], {
      sleep: (ms, signal) => {
        if (ms >= 60_000) waited.push(ms);
        return ms >= 60_000
          ? Promise.resolve()
          : new Promise((_done, fail) => signal?.addEventListener('abort', () => fail(signal.reason)));
      },
    });
    expect(waited).toEqual([300_000]);
    expect([status, error().code, error().field]).toEqual([5, 'INPUT_NEEDED', '--oauth']);
  });

  test('without anybody to use the browser is 5 at once, unless the address is only to be printed', async () => {
    const { status, error } = await app.run(['login', '--oauth', 'google', '--json']);
    expect([status, error().code, error().field]).toEqual([5, 'INPUT_NEEDED', '--oauth']);
    expect(error().hint).toContain('--no-browser');
  });

  test('a provider that is unknown, or is not configured, is 3 and names the flag', async () => {
    await app.manage('DELETE', '/config/login/oauth/github');
    await app.manage('PUT', '/config/login/oauth/apple', { client_id: 'id', enabled: false });
    for (const provider of ['github', 'apple', 'nothing', '../x']) {
      const { status, error } = await app.run(['login', '--oauth', provider, '--no-browser', '--json']);
      expect([status, error().field]).toEqual([3, '--oauth']);
      expect(error().hint).toContain('dashboard');
    }
  });

  test('with --debug no token, code or verifier is shown', async () => {
    const seen: string[] = [];
    const { stderr } = await login(follow, ['--debug'], {
      fetch: async (input, init) => {
        if (typeof init?.body === 'string') seen.push(init.body);
        return fetch(input, init);
      },
    });
    const bodies = seen.map((text) => JSON.parse(text) as Record<string, string>);
    const { challenge_token, code_verifier } = bodies.find((body) => body.code_verifier !== undefined)!;
    expect(stderr).toContain('/login/finalize');
    for (const secret of [challenge_token!, code_verifier!]) expect(stderr).not.toContain(secret);
    expect(stderr).not.toMatch(/eyJ[\w-]+\.[\w-]+\.[\w-]{20,}/);
  });
});

describe('an account whose address has to be confirmed', () => {
  beforeEach(async () => {
    await app.manage('DELETE', '/config/login/oauth/google');
    await configure({ options: { verify_email: true, use_email_as_identifier: true } });
  });
  const hinted = (url: string): Promise<unknown> => follow(`${url}&login_hint=${EMAIL}`);

  test('gets a code by email, which opens the session', async () => {
    const seen: (string | undefined)[] = [];
    const startedAt = Date.now();
    const { status, json } = await login(hinted, ['--json', '--code-command', 'inbox'], {
      run: async (line, options) => {
        seen.push(options.env.STEPUP_SENT_AT);
        return app.shell(line, options);
      },
    });
    expect(status).toBe(0);
    expect((await app.newest()).to).toBe(EMAIL);
    expect(json()).toMatchObject({ session: { userId: expect.stringMatching(/^usr_/) } });
    expect(Math.abs(Date.parse(String(seen[0])) - startedAt)).toBeLessThan(10_000);
  });

  test('takes wrong codes and resend at a terminal', async () => {
    const prompt = /Code sent by email to log in \(or: resend\)/;
    const { status, stderr } = await login(hinted, [], {
      env: { NO_COLOR: '1' },
      answers: [
        [prompt, '0000000\r'],
        [/1 tries|2 tries left[^]*Code sent by email/, 'resend\r'],
        [/✔[^]*Code sent by email/, async () => `${(await app.newest()).code}\r`],
      ],
    });
    expect([status, stderr]).toEqual([0, expect.stringContaining('That code was refused')]);
    expect(await app.control.messages()).toHaveLength(2);
  });
});

/** A GET whose target and headers are sent as they are. */
async function rawGet(
  origin: string,
  target: string,
  headers: Record<string, string> = {},
): Promise<{ status: number }> {
  const { request } = await import('node:http');
  const { hostname, port, host } = new URL(origin);
  return new Promise((resolve, reject) => {
    const call = request({ hostname, port, path: target, headers: { Host: host, ...headers } }, (response) => {
      response.resume();
      resolve({ status: response.statusCode ?? 0 });
    });
    call.on('error', reject).end();
  });
}
