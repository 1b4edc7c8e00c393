import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * The licence texts of every package that has a file in the bundle, as one document.
 * Throws when a package has neither a licence file nor a `license` field.
 */
export async function collectLicenses(root, inputs) {
  const folders = new Set(inputs.map(packageFolder).filter((folder) => folder !== undefined));
  const entries = await Promise.all(
    [...folders].toSorted((a, b) => a.localeCompare(b)).map((folder) => describe(root, folder)),
  );
  return `The files of this folder contain parts of these packages.\n\n${entries.join('\n')}`;
}

/** `node_modules/a/node_modules/@b/c/x.js` → `node_modules/a/node_modules/@b/c`. */
function packageFolder(input) {
  return /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(input)?.[0];
}

async function describe(root, folder) {
  const { name, version, license } = JSON.parse(await readFile(join(root, folder, 'package.json'), 'utf8'));
  const files = (await readdir(join(root, folder)))
    .filter((file) => /^(licen[cs]e|copying|notice)/i.test(file))
    .toSorted();
  if (files.length === 0 && !license) throw new Error(`${name} ${version} names no licence: it must not be bundled.`);
  const texts = await Promise.all(files.map((file) => readFile(join(root, folder, file), 'utf8')));
  const body = texts.length > 0 ? texts.map((text) => text.trim()).join('\n\n') : '(the package has no licence file)';
  return `${'='.repeat(80)}\n${name} ${version} (${license ?? 'see below'})\n${'='.repeat(80)}\n\n${body}\n`;
}
