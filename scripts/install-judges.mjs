/** Installs test/judge from its own lockfile, unless what is there is of this lockfile already. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const judge = join(dirname(dirname(fileURLToPath(import.meta.url))), 'test', 'judge');
const stamp = join(judge, 'node_modules', '.lockfile-sha256');
const lockfile = createHash('sha256')
  .update(readFileSync(join(judge, 'package-lock.json')))
  .digest('hex');

if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== lockfile) {
  console.log('Installing the official SDKs in test/judge …');
  const { status } = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: judge,
    stdio: ['ignore', 'inherit', 'inherit'],
    shell: process.platform === 'win32',
  });
  if (status === 0) writeFileSync(stamp, lockfile);
  process.exitCode = status ?? 1;
}
