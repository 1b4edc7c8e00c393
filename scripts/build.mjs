/**
 * Bundles src/main.ts and the library's entries with their dependencies into dist/, split so that a command loads only what it runs; the
 * library's type declarations go to dist/types/, the emulator's web page to dist/ui/.
 *
 *   node scripts/build.mjs               always builds
 *   node scripts/build.mjs --if-needed   only when a source is newer than dist/ (what `prepare` runs, also before each first `npx`)
 */
import { existsSync } from 'node:fs';
import { mkdir, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const out = join(root, 'dist');
const stamp = join(out, 'THIRD-PARTY-LICENSES');

/** The library: names under dist/ and their sources. */
const library = {
  client: 'client/client',

  emulator: 'library/emulator',
  vitest: 'vitest/vitest',
  playwright: 'playwright/playwright',
  verify: 'verify/verify',
};
/** What a user of the library has, if they use the part that needs it. */
const peers = ['vitest', '@playwright/test'];

/**
 * What commander gets of Node. It `require`s whole modules, which costs each start about 5 ms: node:process opens all three standard
 * streams, node:fs loads its promises. Child processes are for subcommands that are programs of their own: we have none.
 */
const commanderBuiltins = {
  'node:child_process': 'module.exports = {};',
  'node:events': "export { EventEmitter } from 'node:events';",
  'node:fs': "export { existsSync, realpathSync } from 'node:fs';",
  'node:path': "export { basename, dirname, extname, isAbsolute, resolve } from 'node:path';",
  'node:process': 'module.exports = globalThis.process;',
};
const lightCommander = {
  name: 'light-commander',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:/ }, ({ path, importer }) =>
      path in commanderBuiltins && /[\\/]node_modules[\\/]commander[\\/]/.test(importer)
        ? { path, namespace: 'commander' }
        : undefined,
    );
    onLoad({ filter: /.*/, namespace: 'commander' }, ({ path }) => ({ contents: commanderBuiltins[path] }));
  },
};

/** By the name that a chunk uses. */
const commonJs = {
  require: "import{createRequire as $createRequire}from'node:module';const require=$createRequire(import.meta.url);",
  __filename: "import{fileURLToPath as $fileURLToPath}from'node:url';const __filename=$fileURLToPath(import.meta.url);",
};

if (!(process.argv.includes('--if-needed') && (await isFresh()))) await build();

/** True when nothing that goes into dist/ changed after dist/ was made. Folders count, for files that were removed. */
async function isFresh() {
  if (!existsSync(stamp)) return false;
  const built = (await stat(stamp)).mtimeMs;
  for (const path of ['src', 'scripts', 'package.json', 'package-lock.json']) {
    if ((await newest(join(root, path))) > built) return false;
  }
  return true;
}

async function newest(path) {
  const own = await stat(path);
  if (!own.isDirectory()) return own.mtimeMs;
  const inside = await Promise.all((await readdir(path)).map((name) => newest(join(path, name))));
  return Math.max(own.mtimeMs, ...inside);
}

async function build() {
  const esbuild = await import('esbuild').catch(() => {
    process.stderr.write('stepup is built with its development dependencies: run `npm ci --include=dev`.\n');
    process.exit(1);
  });
  const { collectLicenses } = await import('./licenses.mjs');
  const { emitDeclarations } = await import('./declarations.mjs');
  const { buildUi } = await import('./ui.mjs');
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));

  // Built elsewhere and moved to dist/ at the end, so that a build that fails or is interrupted leaves the old one whole.
  const making = join(root, 'node_modules', '.cache', `stepup-build-${process.pid}`);
  try {
    const declared = emitDeclarations(root, Object.values(library), join(making, 'types'), peers);
    const bundled = esbuild.build({
      absWorkingDir: root,
      entryPoints: {
        main: 'src/main.ts',
        ...Object.fromEntries(Object.entries(library).map(([name, source]) => [name, `src/${source}.ts`])),
      },
      outdir: making,
      external: peers,
      chunkNames: 'chunks/[name]-[hash]',
      bundle: true,
      splitting: true,
      format: 'esm',
      platform: 'node',
      mainFields: ['module', 'main'],
      target: 'node20',
      minifySyntax: true,
      minifyWhitespace: true,
      lineLimit: 160, // Node prints the whole line when something throws
      legalComments: 'none', // the licences' own texts are collected below
      metafile: true,
      write: false,
      logLevel: 'warning',
      // write-file-atomic wants nothing of it but a name for its temporary files
      define: { STEPUP_VERSION: JSON.stringify(version), __filename: '"stepup"' },
      plugins: [lightCommander],
    });
    const page = buildUi(root, join(making, 'ui'));
    const [{ metafile, outputFiles }, inputs] = await Promise.all([bundled, page, declared]);
    await mkdir(join(making, 'chunks'), { recursive: true });
    await Promise.all(outputFiles.map(({ path, text }) => writeFile(path, withCommonJs(text))));
    await writeFile(
      join(making, 'THIRD-PARTY-LICENSES'),
      await collectLicenses(root, [...Object.keys(metafile.inputs), ...inputs]),
    );
    if (existsSync(out)) await rename(out, `${making}-old`);
    await rename(making, out);
  } catch (error) {
    // esbuild has printed its own diagnostics
    if (!Array.isArray(error.errors)) throw error;
    process.exitCode = 1;
  } finally {
    for (const folder of [making, `${making}-old`]) await rm(folder, { recursive: true, force: true });
  }
}

/** Gives a chunk what its CommonJS dependencies use and an ES module does not have. */
function withCommonJs(text) {
  const prelude = Object.entries(commonJs).filter(([name]) => new RegExp(`\\b${name}\\b`).test(text));
  return [...prelude.map(([, line]) => line), text].join('\n');
}
