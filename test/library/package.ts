/** The package as npm packs it, in a project of a user's. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/[\\/]$/, '');

export interface Project {
  folder: string;
  /** Writes a file under the folder. */
  write(path: string, text: string): Promise<void>;
  /** Makes a package of another `node_modules` the project's own. */
  link(name: string, modules: string): Promise<void>;
  /** Runs node there; resolves with its status and output. */
  node(args: string[], env?: Record<string, string>): Promise<{ status: number; output: string }>;
  remove(): Promise<void>;
}

/** A new project that has the packed package and nothing else. Takes `dist/` as it is. */
export async function packedProject(): Promise<Project> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'stepup-project-')));
  const modules = join(folder, 'node_modules');
  await mkdir(modules);
  await run('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', folder], root);
  await run('sh', ['-c', 'tar -xzf stepup-*.tgz && mv package node_modules/stepup'], folder);
  const write = async (path: string, text: string): Promise<void> => {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  };
  await write('package.json', JSON.stringify({ name: 'project', private: true, type: 'module' }));
  return {
    folder,
    write,
    async link(name, from) {
      await mkdir(dirname(join(modules, name)), { recursive: true });
      await symlink(join(from, name), join(modules, name), 'junction');
    },
    node: (args, env) => run(process.execPath, args, folder, env),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

function run(
  command: string,
  args: string[],
  cwd: string,
  more: Record<string, string> = {},
): Promise<{ status: number; output: string }> {
  // What this run of Vitest has set is not for another one.
  const inherited = Object.entries(process.env).filter(([name]) => !/^(VITEST|NODE_ENV|TEST|STEPUP_)/.test(name));
  const env = { ...Object.fromEntries(inherited), NO_COLOR: '1', ...more };
  return new Promise((resolve) => {
    execFile(command, args, { cwd, env, timeout: 60_000 }, (error, stdout, stderr) => {
      const status = error ? (typeof error.code === 'number' ? error.code : -1) : 0;
      resolve({ status, output: `${stdout}${stderr}` });
    });
  });
}
