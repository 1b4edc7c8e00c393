/** An example of `examples/`, copied to a folder of its own beside the packages that its package.json names, and no others. */
import { spawn } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, realpath, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const examples = fileURLToPath(new URL('../../../examples/', import.meta.url));
/** Where packages are: the judges' own, then the development dependencies. */
const modules = ['../node_modules', '../../../node_modules'].map((path) =>
  fileURLToPath(new URL(path, import.meta.url)),
);

interface Manifest {
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
}

export interface Example {
  folder: string;
  remove(): Promise<void>;
}

export async function copyExample(name: string): Promise<Example> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'stepup-example-')));
  await cp(join(examples, name), folder, { recursive: true });
  const { dependencies, devDependencies } = JSON.parse(
    await readFile(join(folder, 'package.json'), 'utf8'),
  ) as Manifest;
  for (const needed of Object.keys({ ...dependencies, ...devDependencies })) {
    // The emulator runs in the test.
    if (needed === 'stepup') continue;
    const found = modules.map((path) => join(path, needed)).find((path) => existsSync(path));
    if (found === undefined) throw new Error(`${name} needs ${needed}, which is not installed.`);
    const link = join(folder, 'node_modules', needed);
    await mkdir(dirname(link), { recursive: true });
    await symlink(found, link, 'junction');
  }
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) };
}

export interface RunningExample {
  /** What it printed: where it listens. */
  url: string;
  stop(): Promise<void>;
}

/** Runs a copy's `server.js` until it is stopped. Throws when it ends before it listens. */
export async function runExample(folder: string, env: Record<string, string>): Promise<RunningExample> {
  const child = spawn(process.execPath, ['server.js'], {
    cwd: folder,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<void>((end) => child.once('exit', () => end()));
  const url = await new Promise<string>((ready, fail) => {
    child.stdout.once('data', (text: Buffer) => ready(text.toString('utf8').trim()));
    child.once('error', fail);
    child.once('exit', (code) => fail(new Error(`server.js ended with ${code}`)));
  });
  return {
    url,
    async stop() {
      child.kill();
      await ended;
    },
  };
}
