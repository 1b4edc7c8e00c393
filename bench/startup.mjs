/**
 * How long a command takes to start, as a ratio to an empty Node program. Runs are interleaved, so that a busy machine is
 * busy for all of them; minima are compared, since noise only ever adds.
 *
 *   npm run bench [-- ROUNDS]     20 rounds; the tutorial runs in every fourth
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const stepup = join(root, 'bin', 'stepup.js');
const rounds = Number(process.argv[2] ?? 20);

/** `budget` is the greatest allowed ratio of minima to the first case. */
const cases = [
  { name: 'node -e 0', args: ['-e', '0'], every: 1 },
  { name: 'stepup --version', args: [stepup, '--version'], every: 1, budget: 1.5 },
  { name: 'stepup --help', args: [stepup, '--help'], every: 1, budget: 1.5 },
  { name: 'stepup tutorial --yes', args: [stepup, 'tutorial', '--yes'], every: 4, budget: 15 },
].map((one) => ({ ...one, times: [] }));

if (!existsSync(join(root, 'dist', 'main.js'))) {
  console.error('Nothing to measure: run `npm run build` first.');
  process.exit(1);
}

const home = mkdtempSync(join(tmpdir(), 'stepup-bench-'));
// The machine's own variables stay: some, like NODE_EXTRA_CA_CERTS, make every Node program slower, the empty one too.
const ours = Object.keys(process.env).filter((name) => /^(STEPUP_|XDG_|npm_)/.test(name));
const env = { ...process.env, ...Object.fromEntries(ours.map((name) => [name, undefined])), HOME: home };
try {
  for (const one of cases) measure(one); // fills the caches of the disk
  for (let round = 0; round < rounds; round += 1) {
    for (const one of cases) if (round % one.every === 0) one.times.push(measure(one));
  }
} finally {
  rmSync(home, { recursive: true, force: true });
}
report();

/** Milliseconds of one run. Ends the bench when the run fails: a failure is no speed. */
function measure({ name, args }) {
  const began = performance.now();
  const { status, stderr } = spawnSync(process.execPath, args, {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    encoding: 'utf8',
  });
  const took = performance.now() - began;
  if (status !== 0) throw new Error(`\`${name}\` failed with status ${status}:\n${stderr}`);
  return took;
}

function report() {
  const floor = Math.min(...cases[0].times);
  const rows = cases.map(({ name, times, budget }) => {
    const minimum = Math.min(...times);
    const ratio = minimum / floor;
    return { name, runs: times.length, minimum, median: median(times), ratio, budget, within: !(ratio > budget) };
  });
  console.log(
    `${'case'.padEnd(24)}${'runs'.padStart(6)}${'min ms'.padStart(9)}${'median'.padStart(9)}${'ratio'.padStart(8)}  budget`,
  );
  for (const { name, runs, minimum, median: middle, ratio, budget, within } of rows) {
    const verdict = budget === undefined ? '' : `${budget}${within ? '' : '  OVER'}`;
    console.log(
      `${name.padEnd(24)}${String(runs).padStart(6)}${minimum.toFixed(1).padStart(9)}${middle.toFixed(1).padStart(9)}` +
        `${ratio.toFixed(2).padStart(8)}  ${verdict}`,
    );
  }
  const over = rows.filter(({ within }) => !within);
  console.log(
    over.length === 0 ? 'Within the budget.' : `Over the budget: ${over.map(({ name }) => name).join(', ')}.`,
  );
  process.exitCode = over.length === 0 ? 0 : 1;
}

function median(times) {
  const sorted = times.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
