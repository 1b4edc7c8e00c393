/** Bundles the emulator's web page: src/ui becomes one html, one js, one css and the icon. */
import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';

/** Writes the page's files into `out`, which is made. Returns what went into them, relative to `root`. */
export async function buildUi(root, out) {
  await mkdir(out, { recursive: true });
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: [
      { in: 'src/ui/main.tsx', out: 'app' },
      { in: 'src/ui/app.css', out: 'app' },
    ],
    outdir: out,
    bundle: true,
    format: 'esm',
    platform: 'browser',
    target: ['chrome111', 'firefox115', 'safari16.4'],
    jsx: 'automatic',
    jsxImportSource: 'preact',
    minify: true,
    charset: 'utf8',
    legalComments: 'none',
    metafile: true,
    logLevel: 'warning',
  });
  for (const file of ['index.html', 'icon.svg']) await copyFile(join(root, 'src/ui', file), join(out, file));
  return Object.keys(metafile.inputs);
}
