/** What a child process of the store's tests does: `worker FOLDER JOB [COUNT]`. Failures are printed as `CODE message`. */
import { closeSync, openSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { StepupError } from '../../src/errors.js';
import { createStore } from '../../src/store/create.js';
import { writeReady } from '../../src/store/emulators.js';
import { anotherKey, key, profile, readyEntry } from './examples.js';

const [folder = '', job = '', times = '0'] = process.argv.slice(2);
const store = createStore(folder);
const say = (text: string): void => void writeSync(1, `${text}\n`);

async function count(): Promise<void> {
  for (let turn = 0; turn < Number(times); turn += 1) {
    await store.updateSession(key, (session) => ({ count: Number(session?.count ?? 0) + 1 }));
  }
}

async function read(): Promise<void> {
  let reads = 0;
  const over = new AbortController();
  process.stdin.on('end', () => over.abort()).resume();
  say('reading');
  while (!over.signal.aborted) {
    const session = await store.session(key);
    if (session && (session.text as string).length !== session.length) throw new Error('torn');
    reads += 1;
  }
  say(`reads ${reads}`);
}

async function alone(): Promise<void> {
  const flag = join(folder, 'flag');
  for (let turn = 0; turn < Number(times); turn += 1) {
    await store.withSessionLock(key, 20_000, async () => {
      closeSync(openSync(flag, 'wx'));
      await store.session(key);
      unlinkSync(flag);
    });
  }
}

async function hold(): Promise<void> {
  await store.withSessionLock(key, 1000, async () => {
    say('held');
    process.stdin.resume();
    await new Promise((done) => process.stdin.on('end', done));
  });
}

async function holdFile(): Promise<void> {
  await store.updateSession(key, () => {
    say('held');
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    return {};
  });
}

async function writeAll(): Promise<void> {
  process.umask(0);
  await store.saveProfile('demo', profile);
  await store.saveManagementKey(anotherKey, 'sk_test');
  await writeReady(folder, 4780, readyEntry);
  await hold();
}

const jobs: Record<string, () => Promise<unknown>> = {
  count,
  read,
  alone,
  hold,
  'hold-file': holdFile,
  'write-all': writeAll,
  'read-session': () => store.session(key),
  'read-profiles': () => store.profiles(),
  'write-session': () => store.updateSession(key, () => ({ a: 1 })),
  'write-profile': () => store.saveProfile('demo', profile),
};

try {
  await jobs[job]?.();
} catch (error) {
  say(error instanceof StepupError ? `${error.code} ${error.message}` : String(error));
  process.exitCode = 3;
}
