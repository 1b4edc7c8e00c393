/** The cost of a flow with 1,000 and with 100,000 live sessions, in memory and on Redis. */
import { spawn } from 'node:child_process';
import { createConnection, createServer } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { runClient, scratchFolder, startStepup } from './processes.mjs';
import { median } from './speed.mjs';
import { freshNonce, targetOf } from './target.mjs';

const [FEW, MANY] = [1000, 100_000];
const PORTION = 20_000;
const ROUNDS = 5;

export async function measureFlat() {
  return [
    ...(await grow('in memory', () => ({ flags: [], stop: async () => undefined }))),
    ...(await grow('on Redis', redisStore)),
  ];
}

async function redisStore() {
  const redis = await startRedis();
  return { flags: ['--store', redis.url], stop: redis.stop };
}

/** Two emulators, each with a store of its own: one has few sessions and one many. They are measured in turn. */
async function grow(where, openStore) {
  // More than an emulator holds unless told.
  const limits = ['--max-records', String(2 * MANY)];
  const running = [];
  try {
    const emulators = [];
    for (const sessions of [FEW, MANY]) {
      const store = await openStore();
      running.unshift(store);
      const server = await startStepup({ home: scratchFolder(), flags: [...store.flags, ...limits] });
      running.unshift(server);
      const one = { ...server, sessions, rates: [], target: await targetOf(server.found) };
      await fill(one);
      emulators.push(one);
    }
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const one of emulators) one.rates.push(await measure(one, round));
    }
    return verdict(where, emulators[0].rates, emulators[1].rates);
  } finally {
    for (const { stop } of running) await stop();
  }
}

/** In portions: a nonce does not last for all of them. */
async function fill({ target, found, sessions }) {
  for (let from = 0; from < sessions; from += PORTION) {
    const flows = Math.min(PORTION, sessions - from);
    const fresh = { ...target, nonce: await freshNonce(found.url) };
    await runClient({ flow: 'phone-sign-in', target: fresh, concurrency: 16, flows, first: from });
  }
}

async function measure({ target, found }, round) {
  const first = 10_000_000 + round * 100_000;
  const fresh = { ...target, nonce: await freshNonce(found.url) };
  return (await runClient({ flow: 'step-up', target: fresh, concurrency: 16, flows: 1000, first })).rate;
}

function verdict(where, few, many) {
  return [
    { what: `login and step-up ${where}, ${FEW} sessions`, value: median(few), unit: '/s' },
    { what: `login and step-up ${where}, ${MANY} sessions`, value: median(many), unit: '/s' },
    { what: `cost ${where}: many to few`, value: median(few) / median(many), unit: 'times', budget: { most: 1.15 } },
  ];
}

async function startRedis() {
  const port = await new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port: free } = server.address();
      server.close(() => resolve(free));
    });
  });
  const args = [
    '--port',
    String(port),
    '--bind',
    '127.0.0.1',
    '--save',
    '',
    '--appendonly',
    'no',
    '--dir',
    scratchFolder(),
  ];
  const child = spawn('redis-server', args, { stdio: 'ignore' });
  const gone = new Promise((resolve) => child.once('exit', resolve));
  for (let tries = 0; ; tries += 1) {
    const there = await new Promise((resolve) => {
      const socket = createConnection(port, '127.0.0.1', () => resolve(true)).once('error', () => resolve(false));
      socket.unref();
    });
    if (there) break;
    if (tries > 50) throw new Error('redis-server does not answer.');
    await wait(100);
  }
  return {
    url: `redis://127.0.0.1:${port}`,
    async stop() {
      child.kill('SIGTERM');
      await gone;
    },
  };
}
