/** What a child process of the system's tests does: `child JOB [ARGUMENT…]`. */
import { getEventListeners } from 'node:events';
import { createStore } from '../src/store/create.js';
import { processRuns, realSystem } from '../src/system.js';

const system = await realSystem();
const [job = '', ...rest] = system.argv;
const say = (text: string): boolean => system.stdout.write(`${text}\n`);

async function run(line = '', timeoutMs = '20000', after?: string): Promise<void> {
  const stop = new AbortController();
  if (after === 'at-once') stop.abort(new RangeError('stop'));
  const env = { PATH: system.env.PATH, GIVEN: 'yes' };
  const running = system.run(line, { env, timeoutMs: Number(timeoutMs), signal: stop.signal });
  if (after === 'later') setTimeout(() => stop.abort(new RangeError('stop')), 300);
  const exit = await running.catch((error: unknown) => String(error));
  say(JSON.stringify({ exit, listeners: getEventListeners(stop.signal, 'abort').length }));
}

async function sleep(): Promise<void> {
  const stop = new AbortController();
  for (let turn = 0; turn < 20; turn += 1) await system.sleep(0, stop.signal);
  const left = getEventListeners(stop.signal, 'abort').length;
  const sleeping = system.sleep(60_000, stop.signal).catch((error: unknown) => String(error));
  stop.abort(new RangeError('stop'));
  const again = await system.sleep(60_000, stop.signal).catch((error: unknown) => String(error));
  say(JSON.stringify({ left, sleeping: await sleeping, again }));
}

/** Ends in order when it is interrupted. */
async function wait(): Promise<void> {
  say('ready');
  const reason = await system.sleep(60_000, system.signal).catch((error: unknown) => error);
  say(`interrupted: ${(reason as Error).name}`);
}

/** Does not end by itself when it is interrupted. */
async function hang(): Promise<void> {
  say('ready');
  await system.sleep(60_000, system.signal).catch(() => say('interrupted'));
  await system.sleep(60_000);
}

async function stream(): Promise<void> {
  while (!system.signal.aborted) {
    say('line');
    await system.sleep(1);
  }
  for (let more = 0; more < 5; more += 1) say('to nobody');
  system.stderr.write('ended in order\n');
}

async function complain(): Promise<void> {
  say('ready');
  for (let turn = 0; turn < 20; turn += 1) {
    system.stderr.write('progress\n');
    await system.sleep(5);
  }
  say('done');
}

const jobs: Record<string, () => Promise<unknown>> = {
  run: () => run(...rest),
  sleep,
  wait,
  hang,
  stream,
  complain,
  home: async () => say(system.home),
  print: async () => say('a line'),
  'wait-with-conf': async () => {
    const store = createStore(system.home);
    await store.saveProfile('a', { provider: 'prelude', appId: 'a', frontendUrl: 'a', managementUrl: 'a' });
    await wait();
  },
  runs: async () => say(JSON.stringify(rest.map((pid) => processRuns(Number(pid))))),
};
await jobs[job]?.();
