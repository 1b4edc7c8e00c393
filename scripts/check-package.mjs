/** The packed package has what its users need, and nothing else. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const required = [
  'CHANGELOG.md',
  'LICENSE',
  'README.md',
  'bin/stepup.js',
  'dist/THIRD-PARTY-LICENSES',
  'dist/client.js',
  'dist/emulator.js',
  'dist/main.js',
  'dist/playwright.js',
  'dist/ui/app.css',
  'dist/ui/app.js',
  'dist/ui/icon.svg',
  'dist/ui/index.html',
  'dist/verify.js',
  'dist/vitest.js',
  'package.json',
  'schema/emulator-seed.schema.json',
  'schema/stepup.schema.json',
];
const allowed = /^dist\/(chunks\/[\w.-]+\.js|types\/[\w./-]+\.d\.ts)$/;
// Whoever uses the part that needs one has it: two of a test runner in one process do not work.
const neverBundled = ['vitest', '@playwright/test', 'playwright', 'playwright-core'];
const largest = 5 * 1024 * 1024; // bytes, unpacked

const [packed] = JSON.parse(
  execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  }),
);
const paths = packed.files.map((file) => file.path);
const bundled = readFileSync(join(root, 'dist', 'THIRD-PARTY-LICENSES'), 'utf8');
const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const exported = Object.values(exports)
  .flatMap((entry) => (typeof entry === 'string' ? entry : Object.values(entry)))
  .map((path) => path.replace(/^\.\//, ''));
const faults = [
  ...required.filter((path) => !paths.includes(path)).map((path) => `lacks ${path}`),
  ...paths.filter((path) => !required.includes(path) && !allowed.test(path)).map((path) => `must not contain ${path}`),
  ...exported.filter((path) => !paths.includes(path)).map((path) => `exports ${path}, which it lacks`),
  ...neverBundled.filter((name) => bundled.includes(`\n${name} `)).map((name) => `bundles ${name}`),
  ...packed.files
    .filter((file) => file.path === 'bin/stepup.js' && (file.mode & 0o111) === 0)
    .map(() => 'bin/stepup.js is not executable'),
  ...(packed.unpackedSize > largest ? [`is ${packed.unpackedSize} bytes, more than ${largest}`] : []),
];
for (const fault of faults) console.error(`The package ${fault}.`);
if (faults.length > 0) process.exitCode = 1;
else console.log(`The package has ${paths.length} files, ${Math.round(packed.unpackedSize / 1024)} KiB unpacked.`);
