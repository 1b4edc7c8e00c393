/** The suites, scripts and seeds of the guides to the emulator, in a project of a user's that has the packed package. Needs `npm run build`. */
import { readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { packedProject, root, type Project } from './library/package.js';

let project: Project;

beforeAll(async () => {
  project = await packedProject();
  await project.link('vitest', join(root, 'node_modules'));
  for (const page of ['emulator.md', 'vitest.md', 'ci.md']) {
    const text = readFileSync(join(root, 'docs', page), 'utf8');
    for (const [, name, content] of text.matchAll(/<!-- file: (\S+) -->\n\n```\w+\n([^]*?)```/g)) {
      await project.write(name!, content!);
    }
  }
  await project.write(
    'bin/stepup',
    `#!/bin/sh\nexec "${process.execPath}" "${project.folder}/node_modules/stepup/bin/stepup.js" "$@"\n`,
  );
}, 60_000);
afterAll(() => project.remove());

const exec = ['node_modules/stepup/bin/stepup.js', 'emulator', 'exec'];

it('runs the suite of docs/vitest.md, on its own emulator and under emulator exec', async () => {
  const vitest = ['node_modules/vitest/vitest.mjs', 'run', '--reporter=dot'];
  const own = await project.node([...vitest, 'login.test.ts']);
  expect(own.output).toMatch(/Tests +2 passed/);
  expect(own.status).toBe(0);
  const under = await project.node([...exec, '--', process.execPath, ...vitest, 'login.test.ts']);
  expect(under.output).toMatch(/Tests +2 passed/);
}, 60_000);

it('runs the suite without fixtures', async () => {
  const { status, output } = await project.node(['--test', 'plain.test.mjs']);
  expect({ status, output }).toMatchObject({ status: 0 });
}, 30_000);

it('runs the script of docs/ci.md with the seed of docs/emulator.md, and passes its status on', async () => {
  await project.node(['-e', `require('fs').chmodSync('bin/stepup', 0o755)`]);
  const path = { PATH: `${join(project.folder, 'bin')}${delimiter}${process.env.PATH}` };
  const walk = await project.node([...exec, '--seed', 'seed.yaml', '--', 'sh', 'walk.sh'], path);
  expect(walk.output).toContain('transfer:write is held');
  expect(walk.status).toBe(0);
  expect((await project.node([...exec, '--', 'sh', '-c', 'exit 9'], path)).status).toBe(9);
}, 60_000);
