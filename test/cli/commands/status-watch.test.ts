import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFile } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { InterruptedError } from '../../../src/errors.js';
import { createStore } from '../../../src/store/create.js';
import { SCOPE, startApplication, type Application } from '../../support/application.js';
import { stepup, type Outcome, type RunOptions } from '../../support/stepup.js';

let app: Application;
beforeAll(async () => {
  app = await startApplication();
});
afterEach(() => app.reset());
afterAll(() => app.close());

const byInbox = ['--code-command', 'inbox'];
const request = (scope: string): Promise<Outcome> => app.run(['request', scope, ...byInbox], { run: app.shell });

/** Watches while one thing after the other happens, a look between each, then Ctrl-C. Nothing goes to the network meanwhile. */
async function watch(
  args: string,
  things: ((clock: Clock) => unknown)[],
  options: Partial<RunOptions> = {},
): Promise<Outcome & { waits: number[] }> {
  const interrupt = new AbortController();
  const clock = { offset: 0 };
  const left = [...things];
  const waits: number[] = [];
  const outcome = await stepup(`status --watch ${args}`, {
    home: app.home,
    signal: interrupt.signal,
    fetch: () => Promise.reject(new Error('the network was used')),
    now: () => Date.now() + clock.offset,
    async sleep(ms) {
      waits.push(ms);
      const next = left.shift();
      if (!next) interrupt.abort(new InterruptedError());
      interrupt.signal.throwIfAborted();
      await next?.(clock);
    },
    ...options,
  });
  return { ...outcome, waits };
}

interface Clock {
  /** Milliseconds ahead of the machine's clock. */
  offset: number;
}

const nothing = (): undefined => undefined;
interface Line {
  type: string;
  at: string;
  session: { userId: string } | null;
  grants: { scopes: string[]; secondsLeft: number }[];
  challenges: { scopeRequested: string }[];
  profiles: { profile: string; problem?: { code: string } }[];
}

describe('status --watch --json', () => {
  test('is a line for each change that another process makes, and none for the passing of time', async () => {
    await app.allow({}, { scope: 'a:b' });
    const found = await watch(`--json --emulator=${app.url}`, [
      nothing,
      () => app.login(),
      nothing,
      () => request(SCOPE),
      (clock) => (clock.offset = 10_000),
      () => app.run('request a:b --no-input'),
      (clock) => (clock.offset = 12 * 3_600_000),
      () => app.run('logout'),
    ]);
    expect(found.status).toBe(130);
    expect(found.error().code).toBe('INTERRUPTED');
    expect(found.waits).toEqual(Array(9).fill(1000));
    const lines = found.lines<Line>();
    expect(
      lines.map(({ type, session, grants, challenges }) => [
        type,
        session !== null,
        grants.map(({ scopes }) => scopes.join(' ')),
        challenges.map(({ scopeRequested }) => scopeRequested),
      ]),
    ).toEqual([
      ['status', false, [], []],
      ['status', true, [], []],
      ['status', true, [SCOPE], []],
      ['status', true, [SCOPE], ['a:b']],
      ['status', true, [], []],
      ['status', false, [], []],
    ]);
    expect(lines[0]!.at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(lines[3]!.grants[0]!.secondsLeft).toBeLessThan(lines[2]!.grants[0]!.secondsLeft - 8);
    expect(found.stdout).not.toContain('eyJ');
  });

  test('on a terminal too is lines, without a screen', async () => {
    await app.login();
    const { stdout, lines } = await watch(`--json --emulator=${app.url}`, [nothing], { tty: true });
    expect(lines()).toHaveLength(1);
    expect(stdout).not.toContain('\u001b');
  });

  test('a single use that is spent is gone', async () => {
    await app.allow({ grantMode: 'single-use', grantedFor: 0 });
    await app.login();
    await request(SCOPE);
    const { lines } = await watch(`--json --emulator=${app.url}`, [() => app.run(`token --scope ${SCOPE}`)]);
    expect(lines<Line>().map(({ grants }) => grants)).toEqual([
      [expect.objectContaining({ scopes: [SCOPE], singleUse: true })],
      [],
    ]);
  });
});

describe('status --watch in a pipe', () => {
  test('is a row for each change', async () => {
    const { stdout, stderr, status } = await watch(`--emulator=${app.url}`, [nothing, () => app.login(), nothing]);
    const rows = stdout.trimEnd().split('\n');
    expect(rows).toHaveLength(2);
    expect(rows[0]).toMatch(/^\S+Z\t-\tprelude\tdemo\t-\t-\t-\t-$/);
    expect(rows[1]).toMatch(/^\S+Z\t-\tprelude\tdemo\t\S+ \(\+33612345678\)\t-\t-\t-$/);
    expect([status, stderr]).toEqual([130, 'Interrupted.\n']);
  });

  test('with --all has the rows of the profiles that changed, came and went', async () => {
    const store = createStore(app.home);
    const work = { provider: 'prelude', appId: 'demo', frontendUrl: app.url, managementUrl: app.url } as const;
    await store.saveProfile('work', work);
    const { stdout } = await watch('--all', [
      nothing,
      () => store.saveProfile('a', { ...work, appId: 'demo2' }),
      () => app.login(),
      () => store.saveProfile('a', { ...work, appId: 'demo2', frontendUrl: 'nowhere' }),
      () => store.removeProfile('a'),
    ]);
    const rows = stdout
      .trimEnd()
      .split('\n')
      .map((row) => row.split('\t').slice(1));
    expect(rows).toEqual([
      ['work', 'prelude', 'demo', '-', '-', '-', '-'],
      ['a', 'prelude', 'demo2', '-', '-', '-', '-'],
      ['work', 'prelude', 'demo', expect.stringContaining('(+33612345678)'), '-', '-', '-'],
      ['a', 'prelude', 'demo2', '-', '-', '-', expect.stringContaining('nowhere')],
      ['a', 'removed'],
    ]);
  });

  test('with --all begins without a profile', async () => {
    const { stdout, status } = await watch('--all', [nothing]);
    expect([stdout, status]).toEqual(['', 130]);
  });
});

const ENTER = '\u001b[?1049h\u001b[?25l\u001b[?7l';
const LEAVE = '\u001b[?7h\u001b[?25h\u001b[?1049l';
const onTerminal = { tty: true, env: { NO_COLOR: '1' } };

describe('status --watch on a terminal', () => {
  test('draws every second with the time left counting down, and gives the screen back', async () => {
    await app.allow({});
    await app.login();
    await request(SCOPE);
    const { grants } = (await app.run('status --json')).json<{ grants: { expiresAt: string }[] }>();
    const end = Date.parse(grants[0]!.expiresAt);
    let at = end - 62_500;
    const tick = (): number => (at += 1000);
    const { status, stdout, stderr } = await watch(`--emulator=${app.url}`, [tick, tick, () => (at = end + 1000)], {
      ...onTerminal,
      now: () => at,
    });
    expect([status, stderr]).toEqual([130, 'Interrupted.\n']);
    expect(stdout.startsWith(ENTER)).toBe(true);
    expect(stdout.endsWith(LEAVE)).toBe(true);
    const drawn = stdout.slice(ENTER.length, -LEAVE.length).split('\u001b[H').slice(1);
    const held = drawn.map((each) => /transfer:write {2}until \S+ \((\d[^,)]*) left/.exec(each)?.[1]);
    expect(held).toEqual(['1 min 2 s', '1 min 1 s', '1 min', undefined]);
    expect(drawn[0]).toMatch(/^\d\d:\d\d:\d\d UTC, Ctrl-C to end/);
    expect(drawn[3]).toContain('No scope is held.');
  });

  test('says that nobody is logged in, and goes on', async () => {
    const { stdout } = await watch(`--emulator=${app.url}`, [() => app.login()], onTerminal);
    const [first, second] = stdout.split('\u001b[H').slice(1);
    expect(first).toContain('demo: nobody is logged in.');
    expect(second).toContain('(+33612345678)');
  });

  test('with --all shows every profile', async () => {
    const work = { provider: 'prelude', appId: 'demo', frontendUrl: app.url, managementUrl: app.url } as const;
    const add = (): Promise<void> => createStore(app.home).saveProfile('work', work);
    const { stdout } = await watch('--all', [add], onTerminal);
    const [first, second] = stdout.split('\u001b[H').slice(1);
    expect(first).toContain('There is no profile. Make one with: stepup init');
    expect(second).toContain('  work  Prelude demo  nobody is logged in');
  });

  test('a store that breaks ends it with the screen given back', async () => {
    await app.login();
    const spoil = (): Promise<void> => writeFile(join(app.home, 'credentials.json'), '{"half');
    const { status, stdout, stderr } = await watch(`--emulator=${app.url}`, [spoil], onTerminal);
    expect(status).toBe(1);
    expect(stdout.endsWith(LEAVE)).toBe(true);
    expect(stderr).toContain('credentials.json');
    expect(stderr).not.toContain('half');
  });

  test('a store that breaks before the start takes no screen; one that is gone is empty', async () => {
    await app.login();
    await writeFile(join(app.home, 'credentials.json'), '');
    expect((await watch(`--emulator=${app.url}`, [], onTerminal)).stdout).toBe('');
    await rm(app.home, { recursive: true });
    expect((await watch(`--emulator=${app.url}`, [], onTerminal)).stdout).toContain('nobody is logged in');
  });
});
