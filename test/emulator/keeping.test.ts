import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeJwt } from 'jose';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startTestEmulator } from '../support/emulator.js';
import { Client as DynamicClient } from './dynamic/client.js';
import { Client, direct, loggedIn, newKey, startWorld, tokenOf, type World } from './prelude/client.js';

const PHONE = '+33612345678';
const SCOPE = 'transfer:write';
let folder: string;
const open = new Set<World>();
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stepup-keeping-'));
});
afterEach(async () => {
  for (const world of open) await world.stop();
  open.clear();
  await rm(folder, { recursive: true, force: true });
});

async function start(options: Parameters<typeof startWorld>[0] = {}): Promise<World> {
  const keys = join(folder, 'emulator');
  await mkdir(keys, { recursive: true, mode: 0o700 });
  const world = await startWorld({ folder: keys, ...options });
  open.add(world);
  return world;
}

async function end(world: World): Promise<void> {
  open.delete(world);
  await world.stop();
}

const portOf = ({ url }: World): number => Number(new URL(url).port);
/** The same user agent at another emulator. */
function movedTo(world: World, client: Client): Client {
  const moved = new Client(world, client.key);
  return Object.assign(moved, { nonce: client.nonce, refresh: client.refresh, access: client.access });
}

describe('--export-on-exit and --import', () => {
  it('carry sessions, bound keys and a challenge under way to another emulator with the same keys', async () => {
    const file = join(folder, 'state.json');
    const first = await start({ exportOnExit: file });
    await first.configure([direct(SCOPE, ['verify_sms'])]);
    const client = await loggedIn(first, PHONE);
    const token = tokenOf(await client.request(SCOPE));
    expect((await client.sendCode(token)).status).toBe(204);
    await first.control.clock({ advance: 60 });
    await first.control.fault({ match: { path: '/nowhere' }, do: { status: 503 } });
    const before = await first.control.call('GET', '/faults').then((response) => response.json());
    await end(first);
    expect((await stat(file)).mode & 0o777).toBe(0o600);

    const second = await start({ import: file, port: portOf(first) });
    expect((await second.control.call('GET', '/clock').then((response) => response.json())) as object).toMatchObject({
      offset: expect.closeTo(60, 1) as number,
    });
    expect(await second.control.call('GET', '/faults').then((response) => response.json())).toEqual(before);
    const moved = movedTo(second, client);
    expect((await moved.refreshWith()).status).toBe(200);
    const done = await moved.checkCode(token, await second.code(PHONE));
    expect(decodeJwt(tokenOf(done))).toMatchObject({ current_step: 'completed' });
    expect((await moved.refreshWith(tokenOf(done))).status).toBe(200);
    expect(moved.scopes).toBe(SCOPE);
    // The refresh token that the first one had spent ends the session here, too.
    expect((await movedTo(second, client).refreshWith()).status).toBe(401);
  });

  it('is the same over HTTP, at the other service as well', async () => {
    const first = await start();
    const { apiBaseUrl, environmentId } = first.emulator.ready.dynamic;
    const client = new DynamicClient({ ...first, base: `${apiBaseUrl}/sdk/${environmentId}` });
    await client.signIn('ada@example.com');
    const sent = await client.send('ada@example.com');
    const document = await first.control.exportState();
    const port = portOf(first);
    await end(first);
    const second = await start({ port });
    await second.control.importState(document);
    expect(await second.control.exportState()).toMatchObject({ version: 1 });
    const answer = await client.post('emailVerifications/verify', { ...sent, requestedScopes: ['wallet:export'] });
    expect(answer.body.elevatedAccessToken).toEqual(expect.any(String));
  });

  it('takes what GET /state gave for the default tenant', async () => {
    const first = await start();
    const client = await loggedIn(first, PHONE);
    const file = join(folder, 'tenant.json');
    await writeFile(file, JSON.stringify(await first.control.exportState()));
    const port = portOf(first);
    await end(first);
    const second = await start({ port, import: file });
    expect((await movedTo(second, client).refreshWith()).status).toBe(200);
  });

  it('an import goes before the seed, and a reset goes back to the seed', async () => {
    const file = join(folder, 'state.json');
    const seed = { prelude: { users: [{ id: 'usr_ada', identifiers: ['ada@example.com'] }] } };
    const first = await start({ exportOnExit: file });
    await loggedIn(first, PHONE);
    await end(first);
    const second = await start({ import: file, seed });
    const identifiers = async (): Promise<unknown> => {
      const { users } = (await (await second.control.call('GET', '/users')).json()) as { users: object[] };
      return users.map((user) => (user as { identifiers: string[] }).identifiers);
    };
    expect(await identifiers()).toEqual([[PHONE]]);
    await second.control.clearState();
    expect(await identifiers()).toEqual([['ada@example.com']]);
  });

  it.each([
    ['no JSON', '{"secret-in-it', 'it is no JSON'],
    ['another document', '{"version":1}', 'clock'],
    ['a newer one', '{"type":"stepup-emulator","version":2,"tenants":[]}', 'version'],
    ['a state that is none', '{"version":1,"clock":{"offsetMs":0},"state":{}}', 'no export'],
  ])('refuses %s before anything runs', async (_, text, words) => {
    const file = join(folder, 'state.json');
    await writeFile(file, text);
    const failure = await start({ import: file }).then(
      () => undefined,
      (error: unknown) => error as Error,
    );
    expect(failure).toMatchObject({ code: 'STATE_INVALID', field: '--import' });
    expect(failure?.message).toContain(words);
    expect(failure?.message).not.toContain('secret-in-it');
  });

  it('refuses a place that cannot be written before anything runs', async () => {
    await expect(start({ exportOnExit: join(folder, 'none', 'state.json') })).rejects.toMatchObject({
      code: 'FILE_UNWRITABLE',
      field: '--export-on-exit',
    });
  });

  it('replaces the file in one step, for its owner only', async () => {
    const file = join(folder, 'state.json');
    await writeFile(file, 'old', { mode: 0o644 });
    await end(await start({ exportOnExit: file }));
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(JSON.parse(await readFile(file, 'utf8'))).toMatchObject({ type: 'stepup-emulator', version: 1 });
  });
});

describe('snapshots', () => {
  it('bring a state back by name, while streams go on and the clock comes along', async () => {
    const world = await start();
    const client = await loggedIn(world, PHONE);
    await world.control.clock({ advance: 30 });
    const taken = await world.control.call('POST', '/snapshots/logged-in');
    expect([taken.status, await taken.json()]).toEqual([
      201,
      { name: 'logged-in', takenAt: expect.any(String) as string, bytes: expect.any(Number) as number },
    ]);
    await world.control.clearState();
    expect((await client.refreshWith()).status).toBe(401);
    expect((await world.control.call('PUT', '/snapshots/logged-in')).status).toBe(204);
    expect((await client.refreshWith()).status).toBe(200);
    const clock = (await (await world.control.call('GET', '/clock')).json()) as { offset: number };
    expect(clock.offset).toBe(30);
    const ids = world.events.map(({ id }) => id);
    expect(ids).toEqual(ids.map((_, index) => index + 1));
  });

  it('are listed, replaced and removed', async () => {
    const { control } = await start();
    const names = async (): Promise<string[]> => {
      const { snapshots } = (await (await control.call('GET', '/snapshots')).json()) as {
        snapshots: { name: string }[];
      };
      return snapshots.map(({ name }) => name);
    };
    for (const name of ['b', 'a', 'b']) expect((await control.call('POST', `/snapshots/${name}`)).status).toBe(201);
    expect((await names()).toSorted()).toEqual(['a', 'b']);
    expect((await control.call('DELETE', '/snapshots/a')).status).toBe(204);
    expect(await names()).toEqual(['b']);
    for (const method of ['PUT', 'DELETE']) {
      expect((await control.call(method, '/snapshots/none')).status).toBe(404);
    }
    expect((await control.call('POST', '/snapshots/a%20b')).status).toBe(400);
  });

  it('are at most twenty', async () => {
    const { control } = await start();
    for (let at = 0; at < 20; at++) expect((await control.call('POST', `/snapshots/n${at}`)).status).toBe(201);
    const refused = await control.call('POST', '/snapshots/n20');
    expect(refused.status).toBe(400);
    expect((await control.call('POST', '/snapshots/n3')).status).toBe(201);
  });
});

describe('--rng-seed', () => {
  const walk = async (world: World): Promise<unknown[]> => {
    await world.configure([direct(SCOPE, ['verify_sms'])]);
    const client = new Client(world, await newKey());
    await client.logIn(PHONE);
    const token = tokenOf(await client.request(SCOPE));
    await client.sendCode(token);
    const { sub, sid, jti } = decodeJwt(client.access);
    return [
      sub,
      sid,
      jti,
      client.refresh,
      decodeJwt(token).challenge_id,
      ...(await world.control.messages()).map(({ code }) => code),
    ];
  };

  it('gives the same ids and codes in two runs, and after a reset', async () => {
    const first = await start({ rngSeed: 'tests' });
    const told = await walk(first);
    expect(told).toHaveLength(7);
    await first.control.clearState();
    expect(await walk(first)).toEqual(told);
    expect(await walk(await start({ rngSeed: 'tests' }))).toEqual(told);
    const other = await walk(await start({ rngSeed: 'other tests' }));
    expect(other.filter((value, index) => value === told[index])).toEqual([]);
  });

  it('goes on after a restore where the snapshot was', async () => {
    const world = await start({ rngSeed: 'tests' });
    await world.control.call('POST', '/snapshots/start');
    const { sub } = decodeJwt((await loggedIn(world, PHONE)).access);
    await world.control.call('PUT', '/snapshots/start');
    expect(decodeJwt((await loggedIn(world, PHONE)).access).sub).toBe(sub);
  });

  it('makes no signing key and no control token', async () => {
    const kid = async (name: string): Promise<string> => {
      const one = await startTestEmulator({ httpsPort: undefined, rngSeed: 'tests', folder: join(folder, name) });
      const { keys } = (await (await fetch(`${one.emulator.ready.url}/.well-known/step-up-jwks.json`)).json()) as {
        keys: { kid: string }[];
      };
      await one.stop();
      return `${keys[0]?.kid} ${one.emulator.ready.controlToken}`;
    };
    const [one, other] = [await kid('one'), await kid('other')].map((text) => text.split(' '));
    expect(one?.[0]).not.toBe(other?.[0]);
    expect(one?.[1]).not.toBe(other?.[1]);
  });

  it('is refused with a store that emulators share', async () => {
    const options = { rngSeed: 'tests', store: 'redis://127.0.0.1:1' };
    await expect(start(options)).rejects.toMatchObject({ code: 'FLAG_CONFLICT', field: '--rng-seed' });
  });
});
