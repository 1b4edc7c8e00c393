/** Three emulators, each a process of its own, behind a balancer on one real redis-server. */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Message, Ready } from '../../src/emulator/emulator.js';
import { bundle, start, type Child } from '../store/child.js';
import { NO_REDIS, startRedis, type RedisServer } from '../support/redis-server.js';
import { Client, direct, newKey, tokenOf, wrong, type Answer } from './prelude/client.js';

if (NO_REDIS !== undefined) console.warn(`Skipped: ${NO_REDIS}`);

/** Each replica has an address of its own and one port, so that all of them are `localhost:PORT` to whoever reads a token. */
const HOSTS = ['127.0.0.2', '127.0.0.3', '127.0.0.4'];

interface Replica {
  host: string;
  child: Child;
  ready: Ready;
}

describe.skipIf(NO_REDIS !== undefined)('three emulators on one store', { timeout: 60_000 }, () => {
  let redis: RedisServer;
  let balancer: Server;
  let folder: string;
  let url: string;
  let replicas: Replica[] = [];
  let turn = 0;
  let phones = 0;

  beforeAll(async () => {
    const [program, server, temporary] = await Promise.all([
      bundle('../emulator/replica.ts'),
      startRedis(),
      mkdtemp(join(tmpdir(), 'stepup-replicas-')),
    ]);
    redis = server;
    folder = temporary;
    balancer = createServer((incoming, outgoing) => {
      const live = replicas.filter(({ child }) => child.process.exitCode === null && child.process.signalCode === null);
      const { host } = live[turn++ % live.length]!;
      const { method, url: path, headers } = incoming;
      const passed = request({ host, port, method, path, headers, agent: false }, (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(outgoing);
      });
      passed.once('error', () => outgoing.destroy());
      incoming.pipe(passed);
    }).listen(0, '127.0.0.1');
    await once(balancer, 'listening');
    const { port } = balancer.address() as AddressInfo;
    url = `http://127.0.0.1:${port}`;
    const store = redis.url();
    replicas = await Promise.all(
      HOSTS.map(async (host) => {
        const options = { host, port, folder: join(folder, host), store };
        const child = start(program, [JSON.stringify(options)]);
        return { host, child, ready: JSON.parse(await child.line) as Ready };
      }),
    );
    await manage('POST', '/config/stepup', {
      step_keys: [],
      jwks_url: 'https://backend.example.com/jwks.json',
      allowed_scopes: [direct('transfer:write', ['verify_sms'])],
    });
    await manage('POST', '/config/scopes', { scope: 'transfer:write' });
  }, 60_000);

  afterAll(async () => {
    for (const { child } of replicas) child.process.kill('SIGTERM');
    const ends = await Promise.all(replicas.map(({ child }) => child.end));
    balancer.close();
    await redis.stop();
    await rm(folder, { recursive: true, force: true });
    const errors = ends.map(({ stderr }) => stderr).join('');
    if (errors !== '') throw new Error(errors);
  }, 30_000);

  async function manage(method: string, path: string, body: unknown): Promise<Response> {
    const { appId, managementKey } = replicas[0]!.ready.prelude;
    return fetch(`${url}/v2/session/apps/${appId}${path}`, {
      method,
      headers: { authorization: `Bearer ${managementKey}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  }
  const control = (path: string, init: RequestInit = {}): Promise<Response> =>
    fetch(`${url}/__emulator${path}`, {
      ...init,
      headers: { authorization: `Bearer ${replicas[0]!.ready.controlToken}` },
    });
  async function code(to: string): Promise<string> {
    const query = new URLSearchParams({ to, wait: '5' }).toString();
    const { messages } = (await (await control(`/messages?${query}`)).json()) as { messages: Message[] };
    return messages.at(-1)!.code;
  }
  const newPhone = (): string => `+336555${String(++phones).padStart(5, '0')}`;
  const newClient = async (): Promise<Client> => new Client({ url, code }, await newKey());
  async function loggedIn(phone = newPhone()): Promise<Client> {
    const client = await newClient();
    await client.logIn(phone);
    return client;
  }
  const statuses = (answers: Answer[]): number[] => answers.map(({ status }) => status).sort((a, b) => a - b);

  it('have the same tenants at once, made and deleted at any of them', async () => {
    const at = (host: string, method: string, path: string, body?: unknown): Promise<Response> =>
      fetch(`http://${host}:${new URL(url).port}/__emulator${path}`, {
        method,
        headers: { authorization: `Bearer ${replicas[0]!.ready.controlToken}`, 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
    const [one, two, three] = HOSTS as [string, string, string];
    const made = await Promise.all(HOSTS.map((host) => at(host, 'POST', '/tenants', { id: 'worker-1' })));
    expect(made.map(({ status }) => status).sort()).toEqual([201, 409, 409]);
    const phone = newPhone();
    const sent = await fetch(`${url}/t/worker-1/v1/session/otp`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ identifier: { type: 'phone_number', value: phone } }),
    });
    expect(sent.status).toBe(204);
    const inbox = (await (await at(three, 'GET', '/messages?tenant=worker-1')).json()) as { messages: Message[] };
    expect(inbox.messages.map(({ to }) => to)).toEqual([phone]);
    expect((await at(two, 'DELETE', '/tenants/worker-1')).status).toBe(204);
    for (const host of [one, three]) expect((await at(host, 'GET', '/messages?tenant=worker-1')).status).toBe(404);
  });

  it('have one set of keys and one control token', async () => {
    expect(new Set(replicas.map(({ ready }) => ready.controlToken)).size).toBe(1);
    for (const path of ['/.well-known/jwks.json', '/.well-known/step-up-jwks.json']) {
      const sets = await Promise.all([1, 2, 3].map(async () => (await fetch(`${url}${path}`)).text()));
      expect(new Set(sets).size).toBe(1);
    }
    expect(await (await control('/health')).json()).toMatchObject({ status: 'ok', store: 'redis' });
  });

  it('walk a login and a step-up together, each request at the next one', async () => {
    const phone = newPhone();
    const client = await loggedIn(phone);
    const token = tokenOf(await client.request('transfer:write'));
    await client.sendCode(token);
    const stepped = tokenOf(await client.checkCode(token, await code(phone)));
    expect((await client.refreshWith(stepped)).status).toBe(200);
    expect(client.scopes).toContain('transfer:write');
  });

  it('compare five wrong codes of twenty at once', async () => {
    const phone = newPhone();
    const client = await loggedIn(phone);
    const token = tokenOf(await client.request('transfer:write'));
    await client.sendCode(token);
    const right = await code(phone);
    const tried = await Promise.all(Array.from({ length: 20 }, () => client.checkCode(token, wrong(right))));
    expect(statuses(tried)).toEqual([...Array<number>(15).fill(400), ...Array<number>(5).fill(401)]);
    expect((await client.checkCode(token, right)).status).toBe(400);
  });

  it('take a login token once of nine at once', async () => {
    const phone = newPhone();
    const client = await newClient();
    const sent = await client.call('/otp', { body: { identifier: { type: 'phone_number', value: phone } } });
    const headers = { 'x-verification-token': sent.headers.get('x-verification-token') ?? '' };
    const checked = await client.call('/otp/check', { body: { code: await code(phone) }, headers });
    // A refused first proof brings the nonce.
    await client.once('/login/finalize', { body: { challenge_token: 'x' }, proof: 'regular' });
    const finished = await Promise.all(
      Array.from({ length: 9 }, () =>
        client.once('/login/finalize', { body: { challenge_token: checked.body.challenge_token }, proof: 'regular' }),
      ),
    );
    expect(statuses(finished)[0]).toBe(200);
    expect(finished.filter(({ status }) => status === 200)).toHaveLength(1);
  });

  it('take a proof once of nine at once', async () => {
    const client = await loggedIn();
    const dpop = await client.proofFor('POST', `${client.base}/refresh`, 'regular');
    const headers = { dpop, 'x-refresh-token': client.refresh };
    const answers = await Promise.all(Array.from({ length: 9 }, () => client.once('/refresh', { headers })));
    const won = answers.filter(({ status }) => status === 200);
    expect(won).toHaveLength(1);
    // The others were refused for their proof, before they could count as a reuse of the refresh token.
    expect(answers.filter(({ body }) => body.code === 'invalid_dpop_proof')).toHaveLength(8);
    client.keep(won[0]!);
    expect((await client.refreshWith()).status).toBe(200);
  });

  it('rotate refresh tokens exactly, twenty clients at once', async () => {
    const clients = await Promise.all(Array.from({ length: 20 }, () => loggedIn()));
    await Promise.all(
      clients.map(async (client) => {
        const seen = new Set([client.refresh]);
        for (let round = 0; round < 10; round++) {
          expect((await client.refreshWith()).status).toBe(200);
          expect(seen.has(client.refresh)).toBe(false);
          seen.add(client.refresh);
        }
      }),
    );
    const [reused] = clients;
    const refresh = { headers: { 'x-refresh-token': reused!.refresh }, proof: 'regular' } as const;
    const answers = await Promise.all(Array.from({ length: 9 }, () => reused!.once('/refresh', refresh)));
    expect(answers.filter(({ status }) => status === 200).length).toBeLessThanOrEqual(1);
    expect((await clients[1]!.refreshWith()).status).toBe(200);
  });

  it('age together, from the very next request on', async () => {
    const client = await loggedIn();
    const list = () => client.call('/me/list', { method: 'GET', bearer: client.access });
    expect((await list()).status).toBe(200);
    await control('/clock', { method: 'POST', body: '{"advance":61}' });
    for (const answer of [await list(), await list(), await list()]) expect(answer.status).toBe(401);
    await control('/clock', { method: 'POST', body: '{"offset":0}' });
  });

  it('tell every stream what happened at each of them', async () => {
    const stopped = new AbortController();
    const streams = await Promise.all(HOSTS.map(() => control('/events?after=0', { signal: stopped.signal })));
    const phone = newPhone();
    await loggedIn(phone);
    for (const stream of streams) {
      let text = '';
      for await (const part of stream.body!.pipeThrough(new TextDecoderStream())) {
        text += part;
        if (text.includes(`"to":"${phone}"`)) break;
      }
      expect(text).toContain(`"to":"${phone}"`);
    }
    stopped.abort();
  });

  // Last: one of them is gone afterwards.
  it('lose nothing that was answered when one is killed', async () => {
    const clients = await Promise.all(Array.from({ length: 20 }, () => loggedIn()));
    const uncertain = new Set<Client>();
    let killed = false;
    const working = clients.map(async (client) => {
      for (let round = 0; round < 15; round++) {
        try {
          const answer = await client.refreshWith();
          expect(answer.status).toBe(200);
        } catch (error) {
          // Cut off without an answer: whether its token was used up, nobody knows.
          if (!(error instanceof TypeError) || !killed) throw error;
          uncertain.add(client);
          return;
        }
      }
    });
    await clients[0]!.call('/me/list', { method: 'GET', bearer: clients[0]!.access });
    killed = true;
    replicas[1]!.child.process.kill('SIGKILL');
    await Promise.all(working);
    expect(uncertain.size).toBeLessThan(clients.length);
    for (const client of clients.filter((one) => !uncertain.has(one))) {
      expect((await client.refreshWith()).status).toBe(200);
    }
    expect((await (await loggedIn()).refreshWith()).status).toBe(200);
  });
});
