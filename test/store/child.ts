/** Real child processes of the tests: a script of this folder, bundled as the product is, run by node. */
import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll } from 'vitest';

/**
 * Bundles a script beside this file into a new temporary folder that everybody may read; resolves with its path. Split like the
 * product: a dependency in CommonJS that is loaded late then has nothing but a default export.
 */
export async function bundle(script: string): Promise<string> {
  const folder = await temporaryFolder();
  await chmod(folder, 0o755);
  await build({
    entryPoints: { child: fileURLToPath(new URL(script, import.meta.url)) },
    bundle: true,
    splitting: true,
    platform: 'node',
    mainFields: ['module', 'main'],
    target: 'node20',
    format: 'esm',
    define: { __filename: '"stepup"' },
    banner: {
      js: "import{createRequire as $createRequire}from'node:module';const require=$createRequire(import.meta.url);",
    },
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    logLevel: 'error',
  });
  return join(folder, 'child.mjs');
}

const folders: string[] = [];
afterAll(async () => {
  await Promise.all(folders.splice(0).map((folder) => rm(folder, { recursive: true, force: true })));
});

/** A new folder that is removed after the tests of the file. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'stepup-store-test-'));
  folders.push(folder);
  return folder;
}

export interface Child {
  process: ChildProcess;
  /** Resolves with the first line of standard output. */
  line: Promise<string>;
  /** Resolves when it has ended and closed its streams. */
  end: Promise<{ status: number | null; signal: string | null; stdout: string; stderr: string }>;
}

/** Starts node on a bundle. */
export function start(file: string, args: string[], options: SpawnOptions = {}): Child {
  const child = spawn(process.execPath, [file, ...args], { ...options, stdio: ['pipe', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  const line = new Promise<string>((done) => {
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      stdout += chunk;
      if (stdout.includes('\n')) done(stdout.slice(0, stdout.indexOf('\n')));
    });
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => void (stderr += chunk));
  const end = once(child, 'close').then(([status, signal]) => ({ status, signal, stdout, stderr }));
  return { process: child, line, end };
}
