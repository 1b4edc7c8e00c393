/** The processes of the bench: servers that are measured, each alone, and clients that measure them. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
export const root = dirname(dirname(here));
const running = new Set();

/** Environment without anything that steers one of the programs. */
export function cleanEnvironment(home) {
  const ours = Object.keys(process.env).filter((name) => /^(STEPUP_|XDG_|npm_|FIREBASE_)/.test(name));
  return { ...process.env, ...Object.fromEntries(ours.map((name) => [name, undefined])), HOME: home };
}

/** A folder that is gone when the bench is. */
export function scratchFolder() {
  const folder = mkdtempSync(join(tmpdir(), 'stepup-bench-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Starts a server; resolves with what `ready` makes of the first line of its output that it takes. */
async function startServer(args, { env, cwd, ready }) {
  const child = spawn(process.execPath, args, { env, cwd, stdio: ['ignore', 'pipe', 'inherit'] });
  running.add(child);
  child.once('exit', () => running.delete(child));
  const found = await new Promise((resolve, reject) => {
    child.once('exit', (status) => reject(new Error(`${args[0]} ended with status ${status} before it was ready`)));
    const lines = createInterface(child.stdout).on('line', (line) => {
      const value = ready(line);
      if (value === undefined) return;
      // Its output is only drained from here on: to read the lines would cost what is measured.
      lines.close();
      child.stdout.resume();
      resolve(value);
    });
  });
  return { pid: child.pid, found, stop: () => stop(child) };
}

async function stop(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGINT');
  const late = setTimeout(() => child.kill('SIGKILL'), 10_000);
  await gone;
  clearTimeout(late);
}

process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** Our emulator. `found` is its ready object. */
export function startStepup({ home, flags = [] }) {
  const args = [
    join(root, 'bin', 'stepup.js'),
    'emulator',
    'start',
    '--port',
    '0',
    '--https-port',
    '0',
    ...flags,
    '--json',
  ];
  return startServer(args, {
    env: { ...cleanEnvironment(home), STEPUP_HOME: join(home, 'stepup') },
    cwd: home,
    ready: (line) => (line.includes('"type":"ready"') ? JSON.parse(line) : undefined),
  });
}

/** The server that does a flow's cryptography and nothing else. `found` is its address. */
export function startBare({ home }) {
  return startServer([join(here, 'bare.mjs')], { env: cleanEnvironment(home), cwd: home, ready: (line) => line });
}

/** The Firebase Auth emulator. `found` is its address. */
export async function startFirebase({ home }) {
  const [port, hub, logging] = [await freePort(), await freePort(), await freePort()];
  const on = (number) => ({ host: '127.0.0.1', port: number });
  const emulators = {
    auth: on(port),
    hub: on(hub),
    logging: on(logging),
    ui: { enabled: false },
    singleProjectMode: true,
  };
  writeFileSync(join(home, 'firebase.json'), JSON.stringify({ emulators }));
  const program = join(here, 'peers', 'node_modules', 'firebase-tools', 'lib', 'bin', 'firebase.js');
  const args = [program, 'emulators:start', '--only', 'auth', '--project', 'demo-bench'];
  return startServer(args, {
    env: cleanEnvironment(home),
    cwd: home,
    ready: (line) => (line.includes('All emulators ready') ? `http://127.0.0.1:${port}` : undefined),
  });
}

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Runs the client in a process of its own; its result. */
export async function runClient(job) {
  const { found, stop: end } = await startServer([join(here, 'client.mjs'), JSON.stringify(job)], {
    env: process.env,
    cwd: root,
    ready: (line) => JSON.parse(line),
  });
  await end();
  return found;
}

/** Resident memory of a process in MiB. */
export function residentMiB(pid) {
  const kib = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kib) / 1024;
}
