/** The Express program of docs/verify.md, with Express itself. Needs `npm run build`. */
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { root } from '../library/package.js';
import { startPrograms, type Programs } from '../verify/programs.js';

let programs: Programs;
beforeAll(async () => {
  programs = await startPrograms();
  await programs.project.link('express', join(root, 'test', 'judge', 'node_modules'));
});
afterAll(() => programs.stop());

it('express.mjs lets in what it should, and refuses', async () => {
  expect(await programs.walk('express.mjs')).toEqual(programs.expected);
});
