import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';

/** Imports of a declaration: `from 'x'`, `import('x')`, `import 'x'`. */
const IMPORTS = /\bfrom\s+'([^']+)'|\bimport\(\s*'([^']+)'\s*\)|\bimport\s+'([^']+)'/g;

/**
 * Writes the type declarations of library entries (paths under src/, without `.ts`) and of what they are made of to `out`, in the layout of
 * src/. Throws when one needs a package that its users need not have: `peers` are those that they do.
 */
export async function emitDeclarations(root, entries, out, peers) {
  const all = await mkdtemp(join(tmpdir(), 'stepup-declarations-'));
  try {
    await tsc(root, ['-p', join('scripts', 'declarations.json'), '--outDir', all]);
    const seen = new Set();
    for (const entry of entries) await follow(join(all, `${entry}.d.ts`), { all, peers, seen });
    await Promise.all([...seen].map((file) => cp(file, join(out, relative(all, file)))));
  } finally {
    await rm(all, { recursive: true, force: true });
  }
}

async function tsc(root, args) {
  const command = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  try {
    await promisify(execFile)(process.execPath, [command, ...args], { cwd: root });
  } catch (error) {
    // Types are checked by `npm run check`; here it counts that the declarations are there, which the copy shows.
    if (typeof error.code !== 'number') throw error;
  }
}

async function follow(file, { all, peers, seen }) {
  if (seen.has(file)) return;
  seen.add(file);
  const text = await readFile(file, 'utf8');
  // An example in a comment imports nothing.
  for (const [, ...names] of text.replace(/\/\*[\s\S]*?\*\//g, '').matchAll(IMPORTS)) {
    const name = names.find((found) => found !== undefined);
    if (name.startsWith('.')) await follow(join(dirname(file), name.replace(/\.js$/, '.d.ts')), { all, peers, seen });
    else if (!name.startsWith('node:') && !peers.includes(name)) {
      throw new Error(`${relative(all, file)} needs the types of ${name}, which users of the package do not have.`);
    }
  }
}
