/** The packed package has what its users need, and nothing else. */
import { execFileSync } from 'node:child_process';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

const required = [
  'CHANGELOG.md',
  'LICENSE',
  'README.md',
  'bin/stepup.js',
  'dist/THIRD-PARTY-LICENSES',
  'dist/main.js',
  'package.json',
  'schema/stepup.schema.json',
];
const allowed = /^dist\/chunks\/[\w.-]+\.js$/;
const largest = 5 * 1024 * 1024; // bytes, unpacked

const [packed] = JSON.parse(
  execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: dirname(dirname(fileURLToPath(import.meta.url))),
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  }),
);
const paths = packed.files.map((file) => file.path);
const faults = [
  ...required.filter((path) => !paths.includes(path)).map((path) => `lacks ${path}`),
  ...paths.filter((path) => !required.includes(path) && !allowed.test(path)).map((path) => `must not contain ${path}`),
  ...packed.files
    .filter((file) => file.path === 'bin/stepup.js' && (file.mode & 0o111) === 0)
    .map(() => 'bin/stepup.js is not executable'),
  ...(packed.unpackedSize > largest ? [`is ${packed.unpackedSize} bytes, more than ${largest}`] : []),
];
for (const fault of faults) console.error(`The package ${fault}.`);
if (faults.length > 0) process.exitCode = 1;
else console.log(`The package has ${paths.length} files, ${Math.round(packed.unpackedSize / 1024)} KiB unpacked.`);
