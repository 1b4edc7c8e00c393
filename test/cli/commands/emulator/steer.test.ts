/** The commands that steer an emulator: its clock, its faults, its events. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { PHONE, startApplication, type Application } from '../../../support/application.js';
import { stepup, type Outcome, type RunOptions } from '../../../support/stepup.js';

let app: Application;
const env = { STEPUP_EMULATOR_CONTROL_TOKEN: 'control-token' };
beforeAll(async () => {
  app = await startApplication({ controlToken: 'control-token' });
});
afterEach(() => app.reset());
afterAll(() => app.close());

const run = (args: string | string[], options: Partial<RunOptions> = {}): Promise<Outcome> => {
  const words = typeof args === 'string' ? args.split(' ') : args;
  // Before `--`, behind which nothing is a flag.
  const at =
    words.includes('--') || words.some((word) => word.startsWith('--emulator')) ? [] : [`--emulator=${app.url}`];
  const given = { STEPUP_EMULATOR_CONTROL_URL: `${app.url}/__emulator`, ...env };
  return stepup(['emulator', ...words, ...at], { home: app.home, env: given, ...options });
};
interface Standing {
  now: string;
  ageNow: string;
  offset: number;
  frozen: boolean;
}

describe('clock', () => {
  test('advance, offset, freeze and resume, each telling where it stands', async () => {
    const shown = (await run('clock show --json')).json<Standing>();
    expect(shown).toEqual({ now: shown.now, ageNow: shown.now, offset: 0, frozen: false });
    const advanced = (await run('clock advance 6m --json')).json<Standing>();
    expect(advanced).toMatchObject({ offset: 360, frozen: false });
    expect(Date.parse(advanced.ageNow) - Date.parse(advanced.now)).toBe(360_000);
    expect((await run('clock offset --json -- -90s')).json()).toMatchObject({ offset: -90 });
    expect((await run('clock advance --json -- -1h')).json()).toMatchObject({ offset: -3690 });
    expect((await run('clock freeze --json')).json()).toMatchObject({ frozen: true });
    expect((await run('clock resume --json')).json()).toMatchObject({ frozen: false });
    expect((await run('clock offset 0 --json')).json()).toMatchObject({ offset: 0 });
  });

  test('in words', async () => {
    expect((await run('clock show')).stdout).toMatch(
      /^The clock is at real time: things are as old as at \d{4}-.*Z\.\n$/,
    );
    expect((await run('clock advance 1h30m')).stdout).toContain('The clock is 1 h 30 min ahead: ');
    expect((await run('clock freeze')).stdout).toContain('ahead, and stands still: ');
    expect((await run(['clock', 'offset', '--', '-2d'])).stdout).toContain('2 d behind');
  });

  test.each([
    ['clock advance soon', 'FLAG_INVALID', '<duration>'],
    ['clock advance 200000d', 'FLAG_INVALID', '<duration>'],
    ['clock advance', 'USAGE', undefined],
    ['clock show --tenant nobody', 'FLAG_INVALID', '--tenant'],
  ])('%s is status 2', async (args, code, field) => {
    const outcome = await run(`${args} --json`);
    expect([outcome.status, outcome.error().code, outcome.error().field]).toEqual([2, code, field]);
  });
});

describe('fault', () => {
  test.each<[flags: string[], action: Record<string, unknown>]>([
    [['--status', '503'], { status: 503 }],
    [
      ['--status', '503', '--body', '{"a":1}', '--header', 'Retry-After: 7'],
      { status: 503, body: { a: 1 }, headers: { 'Retry-After': '7' } },
    ],
    [['--status', '502', '--body', '<html>'], { status: 502, body: '<html>' }],
    [['--latency', '500ms'], { latencyMs: 500 }],
    [['--latency', '3s'], { latencyMs: 3000 }],
    [['--drop', 'after'], { drop: 'after' }],
    [['--require-nonce'], { requireNonce: true }],
    [['--skew-date', '2m'], { skewDateSeconds: 120 }],
    [['--skew-date=-2m'], { skewDateSeconds: -120 }],
    [['--truncate', '0'], { truncate: 0 }],
    [['--rotate-key'], { rotateKey: true }],
    [['--hook-timeout'], { hookTimeout: true }],
  ])('add %j', async (flags, action) => {
    const match = ['--method', 'post', '--path', '/v1/session/*', '--identity', PHONE, '--times', '2', '--every', '3'];
    const { fault } = (await run(['fault', 'add', '--json', ...match, ...flags])).json<{ fault: { id: string } }>();
    expect(fault).toEqual({
      id: expect.stringMatching(/^flt_/),
      match: { method: 'POST', path: '/v1/session/*', identity: PHONE },
      times: 2,
      everyNth: 3,
      do: action,
      matched: 0,
      happened: 0,
    });
    expect((await run('fault list --json')).json()).toEqual({ faults: [fault] });
    expect((await run(['fault', 'clear', fault.id, '--json'])).json()).toEqual({ cleared: fault.id });
    expect((await run('fault list --json')).json()).toEqual({ faults: [] });
  });

  test('to a pipe the id alone; the list in rows; clear removes all', async () => {
    const id = (await run('fault add --path /v1/session/refresh --times 1 --status 500')).stdout.trim();
    expect(id).toMatch(/^flt_[0-9a-f]+$/);
    await run('fault add --rotate-key --every 2');
    const listed = (await run('fault list')).stdout
      .trim()
      .split('\n')
      .map((line) => line.split('\t'));
    expect(listed).toEqual([
      [id, 'status 500', '/v1/session/refresh, 1 in all', '0', '0'],
      [expect.stringMatching(/^flt_/), 'rotateKey', 'every request, each 2nd', '0', '0'],
    ]);
    expect((await run('fault clear')).stdout).toBe('Nothing goes wrong any more.\n');
    expect(await run('fault list')).toMatchObject({ status: 0, stdout: '', stderr: 'There is no fault.\n' });
  });

  test('it happens', async () => {
    await run(`fault add --identity ${PHONE} --times 1 --status 429`);
    const login = ['login', '--phone', PHONE, '--code-command', 'inbox'];
    const refused = await app.run(login, { run: app.shell });
    expect([refused.status, refused.stderr.includes('429') || refused.stderr !== '']).toEqual([6, true]);
    expect((await app.run(login, { run: app.shell })).status).toBe(0);
  });

  test.each([
    [['fault', 'add'], 'FLAG_INVALID', undefined],
    [['fault', 'add', '--status', '500', '--rotate-key'], 'FLAG_CONFLICT', '--rotate-key'],
    [['fault', 'add', '--body', 'x', '--rotate-key'], 'FLAG_CONFLICT', '--body'],
    [['fault', 'add', '--status', 'bad'], 'FLAG_INVALID', '--status'],
    [['fault', 'add', '--status', '200'], 'FLAG_INVALID', '--status'],
    [['fault', 'add', '--status', '500', '--path', 'x'], 'FLAG_INVALID', '--path'],
    [['fault', 'add', '--status', '500', '--header', 'X-Long: ' + 'x'.repeat(1001)], 'FLAG_INVALID', '--header'],
    [['fault', 'add', '--latency', '10h'], 'FLAG_INVALID', '--latency'],
    [['fault', 'clear', ''], 'FLAG_INVALID', '<id>'],
    [['fault', 'clear', '..'], 'FLAG_INVALID', '<id>'],
    [['fault', 'add', '--times', '0', '--rotate-key'], 'FLAG_INVALID', '--times'],
    [['fault', 'add', '--status', '500', '--header', 'no-colon'], 'FLAG_INVALID', '--header'],
    [['fault', 'add', '--drop', 'during'], 'USAGE', undefined],
    [['fault', 'add', '--latency', 'long'], 'FLAG_INVALID', '--latency'],
    [['fault', 'clear', 'flt_none'], 'FLAG_INVALID', '<id>'],
  ])('%j is status 2', async (args, code, field) => {
    const outcome = await run([...args, '--json']);
    expect([outcome.status, outcome.error().code, outcome.error().field]).toEqual([2, code, field]);
  });

  test('a refusal of the control API is said of the flag', async () => {
    expect((await run('fault add --latency 10h')).stderr).toMatch(
      /^Error: --latency: expected <=600000, got 36000000 \(do\.latencyMs\)\.\n/,
    );
  });
});

describe('events', () => {
  const refresh = (): Promise<Response> => fetch(`${app.url}/v1/session/refresh`, { method: 'POST' });

  test('as JSON lines, and in words with the reason of a refusal once', async () => {
    await refresh();
    const lines = (await run('events --json')).lines();
    expect(lines.slice(-2)).toMatchObject([
      {
        type: 'refusal',
        method: 'POST',
        path: '/v1/session/refresh',
        status: 400,
        code: 'missing_dpop_proof',
        reason: 'DPoP header: expected one, got none',
      },
      { type: 'request', status: 400, refusal: 'DPoP header: expected one, got none' },
    ]);
    const told = (await run('events')).stdout.trim().split('\n');
    expect(told.at(-1)).toMatch(
      /^\d\d:\d\d:\d\d POST \/v1\/session\/refresh 400 {2}DPoP header: expected one, got none$/,
    );
    expect(told.filter((line) => line.includes('expected one, got none'))).toHaveLength(1);
  });

  test('of a server that never answers end with --timeout', async () => {
    const silent = createServer(() => undefined).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    for (const args of ['events', 'events --follow']) {
      const late = await run(`${args} --emulator=http://127.0.0.1:${port} --timeout 1 --json`, { env });
      expect([late.status, late.error().code]).toEqual([6, 'TIMED_OUT']);
    }
    silent.closeAllConnections();
    silent.close();
  });

  test('of an emulator whose store is away end with its words, as every command does', async () => {
    const detail = 'The store at 127.0.0.1:6379 is away: the connection was refused.';
    const away = createServer((_request, response) => {
      response.writeHead(503, { 'content-type': 'application/problem+json', 'retry-after': '1' });
      response.end(JSON.stringify({ type: 'about:blank', status: 503, detail }));
    }).listen(0, '127.0.0.1');
    await once(away, 'listening');
    const { port } = away.address() as AddressInfo;
    for (const args of ['events', 'events --follow', 'messages', 'clock show']) {
      const outcome = await run(`${args} --emulator=http://127.0.0.1:${port} --json`, { env });
      const { code, message } = outcome.error();
      expect([args, outcome.status, code]).toEqual([args, 6, 'SERVICE_FAILING']);
      expect(message).toContain(`It says: ${detail} It asks to wait 1 s.`);
    }
    away.close();
  });

  test('of a type that there is not are refused', async () => {
    const outcome = await run('events --type refusals --json');
    expect([outcome.status, outcome.error().field]).toEqual([2, '--type']);
  });

  test('narrowed by type and id', async () => {
    await refresh();
    await run('clock advance 5m');
    const all = (await run('events --json')).lines<{ id: number; type: string }>();
    const only = (await run('events --json --type refusal clock')).lines<{ type: string }>();
    expect(only.slice(-2).map(({ type }) => type)).toEqual(['refusal', 'clock']);
    expect((await run(`events --json --after ${all.at(-1)!.id - 1}`)).lines()).toEqual([all.at(-1)]);
    expect((await run(`events --after ${all.at(-1)!.id}`)).stdout).toBe('');
    const { stdout } = await run('events --type refusal');
    expect(stdout).toContain(
      'refused POST /v1/session/refresh 400 missing_dpop_proof: DPoP header: expected one, got none\n',
    );
  });

  test('--follow goes on until it is interrupted', async () => {
    const { id } = (await run('events --json')).lines<{ id: number }>().at(-1) ?? { id: 0 };
    const stop = new AbortController();
    let seen = '';
    const following = run(`events --follow --after ${id} --type fault`, {
      signal: stop.signal,
      onStdout: (text) => {
        seen += text;
        if (seen.includes('cleared')) stop.abort();
      },
    });
    await run('fault add --rotate-key');
    await run('fault clear');
    const outcome = await following;
    expect(outcome.status).toBe(130);
    expect(seen).toMatch(/fault flt_\w+ added \{"rotateKey":true\}\n.*faults cleared\n/);
  });

  test('refusals: a wrong token, a tenant that is not there, an id that is none', async () => {
    const wrong = await run('events --json', { env: { STEPUP_EMULATOR_CONTROL_TOKEN: 'not-the-token' } });
    expect([wrong.status, wrong.error().code]).toEqual([3, 'REFUSED']);
    expect(wrong.stderr).not.toContain('not-the-token');
    const nobody = await run('events --json --tenant nobody');
    expect([nobody.status, nobody.error().field]).toEqual([2, '--tenant']);
    const bad = await run('events --json --after x');
    expect([bad.status, bad.error().field]).toEqual([2, '--after']);
    const away = await run('events --json --emulator=http://127.0.0.1:1');
    expect([away.status, away.error().code]).toEqual([6, 'SERVICE_UNREACHABLE']);
  });
});
