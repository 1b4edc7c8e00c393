/**
 * The emulator beside a peer and beside the floor, all in one run, interleaved; the client is a process of its own.
 *
 *   npm run bench:emulator [-- speed|start|memory|flat …]      all of them when none is named
 *
 * `memory` and `flat` log in some 100,000 times and take minutes. `flat` on Redis needs `redis-server`.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { measureFlat } from './flat.mjs';
import { measureMemory } from './memory.mjs';
import { root } from './processes.mjs';
import { measureSpeed } from './speed.mjs';
import { measureStart } from './start.mjs';

const parts = { speed: measureSpeed, start: measureStart, memory: measureMemory, flat: measureFlat };
const asked = process.argv.slice(2);
const unknown = asked.find((name) => !Object.hasOwn(parts, name));
if (unknown !== undefined) throw new Error(`There is no part "${unknown}": ${Object.keys(parts).join(', ')}.`);
if (!existsSync(join(root, 'dist', 'main.js'))) throw new Error('Nothing to measure: run `npm run build` first.');
const peers = join(root, 'bench', 'emulator', 'peers');
if (!existsSync(join(peers, 'node_modules'))) {
  const { status } = spawnSync('npm', ['ci', '--ignore-scripts'], { cwd: peers, stdio: 'inherit' });
  if (status !== 0) throw new Error('The peers could not be installed.');
}

const over = [];
for (const name of asked.length > 0 ? asked : Object.keys(parts)) {
  console.log(`\n${name}`);
  for (const { what, value, budget, unit } of await parts[name]()) {
    const within = budget === undefined || (budget.least === undefined ? value <= budget.most : value >= budget.least);
    const bound = budget && (budget.least === undefined ? `at most ${budget.most}` : `at least ${budget.least}`);
    console.log(
      `  ${what.padEnd(64)}${value.toFixed(2).padStart(10)} ${unit.padEnd(6)} ${bound ?? ''}${within ? '' : '  MISSED'}`,
    );
    if (!within) over.push(what);
  }
}
console.log(over.length === 0 ? '\nWithin the budget.' : `\nOver the budget: ${over.join('; ')}.`);
process.exitCode = over.length === 0 ? 0 : 1;
