/**
 * The whole test: the unit tests, the walks, then the judges, which bring the official SDKs with a lockfile of their own. Every part runs,
 * whatever became of the one before; the last line is the sum. With STEPUP_TEST_SUMMARY=FILE the sum also goes there, as JSON.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const judge = join(root, 'test', 'judge');
const results = mkdtempSync(join(tmpdir(), 'stepup-results-'));
const sum = { passed: 0, failed: 0, skipped: 0 };
const node = process.execPath;

try {
  step('the build', node, ['scripts/build.mjs', '--if-needed']);
  vitest('unit');
  vitest('whole');
  if (step('the installation of the judges', node, ['scripts/install-judges.mjs'])) {
    step("the judges' types", node, ['node_modules/typescript/bin/tsc', '-p', judge]);
    vitest('judge');
  }
} finally {
  rmSync(results, { recursive: true, force: true });
}

if (process.env.STEPUP_TEST_SUMMARY) writeFileSync(process.env.STEPUP_TEST_SUMMARY, JSON.stringify(sum));
console.log(`\n${sum.passed} passed, ${sum.failed} failed${sum.skipped > 0 ? `, ${sum.skipped} SKIPPED` : ''}`);
process.exitCode = sum.failed > 0 || sum.passed === 0 ? 1 : 0;

/** Something that has to work before a test can. It counts only when it fails. */
function step(name, command, args) {
  const { status } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
  if (status === 0) return true;
  console.error(`${name[0].toUpperCase()}${name.slice(1)} failed.`);
  sum.failed += 1;
  return false;
}

/** Runs one project of vitest.config.ts. A run that ends badly without naming a failed test counts as one failure. */
function vitest(project) {
  const file = join(results, `${project}.json`);
  const args = ['run', '--project', project, '--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
  const { status } = spawnSync(node, ['node_modules/vitest/vitest.mjs', ...args], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const { passed, failed, skipped } = count(file);
  sum.passed += passed;
  sum.skipped += skipped;
  sum.failed += failed > 0 || status === 0 ? failed : 1;
}

function count(file) {
  try {
    const report = JSON.parse(readFileSync(file, 'utf8'));
    // a file that cannot be loaded has failed without a test of its own
    const broken = report.testResults.filter(
      (suite) => suite.status === 'failed' && suite.assertionResults.every((test) => test.status !== 'failed'),
    );
    return {
      passed: report.numPassedTests,
      failed: report.numFailedTests + broken.length,
      skipped: report.numPendingTests + report.numTodoTests,
    };
  } catch (error) {
    console.error(`vitest left no report: ${error.message}`);
    return { passed: 0, failed: 1, skipped: 0 };
  }
}
