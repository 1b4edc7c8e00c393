import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Case } from '../../src/backend/case.js';
import { createReport } from '../../src/cli/report.js';
import { createTerminal, type Terminal } from '../../src/cli/terminal/terminal.js';
import type { System } from '../../src/system.js';
import { PassThrough } from 'node:stream';

const cases: Case[] = [
  { name: 'first', holds: true, expected: 'a', got: 'a', hint: 'never shown' },
  { name: 'sec<ond>', holds: false, expected: '"a" & b', got: "it's\u0007 \ud800x", hint: 'mend it' },
  { name: 'third', holds: false, expected: 'c', got: 'd', advice: true, hint: 'think' },
];

const XML = `<?xml version="1.0" encoding="UTF-8"?>
<testsuites tests="3" failures="1" errors="0" skipped="1">
  <testsuite name="keys test &lt;x&gt;" tests="3" failures="1" errors="0" skipped="1">
    <testcase classname="keys test &lt;x&gt;" name="first"/>
    <testcase classname="keys test &lt;x&gt;" name="sec&lt;ond&gt;"><failure message="expected &quot;a&quot; &amp; b, got it&apos;s? ?x">mend it</failure></testcase>
    <testcase classname="keys test &lt;x&gt;" name="third"><skipped message="expected c, got d. think"/></testcase>
  </testsuite>
</testsuites>
`;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stepup-report-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function terminal(json = false): Promise<{ terminal: Terminal; stdout(): string; stderr(): string }> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const system = { stdin: new PassThrough(), stdout, stderr, env: {}, argv: [] } as unknown as System;
  const text = (stream: PassThrough) => (): string => String(stream.read() ?? '');
  return {
    terminal: await createTerminal(system, { json, input: true }),
    stdout: text(stdout),
    stderr: text(stderr),
  };
}

test('a table for a pipe, with the sum on standard error, and 3 when something must be mended', async () => {
  const world = await terminal();
  expect(await createReport(world, {}).print('keys test <x>', cases)).toBe(3);
  expect(world.stdout()).toBe(
    'ok\tfirst\ta\ta\t\nFAULT\tsec<ond>\t"a" & b\tit\'s? \ufffdx\tmend it\nadvice\tthird\tc\td\tthink\n',
  );
  expect(world.stderr()).toBe('1 hold, 1 must be mended, 1 to think about.\n');
});

test('advice alone is no fault', async () => {
  expect(await createReport(await terminal(), {}).print('x', [cases[0]!, cases[2]!])).toBe(0);
});

test('JSON, and XML in a file beside it', async () => {
  const world = await terminal(true);
  const junit = join(folder, 'report.xml');
  expect(await createReport(world, { junit }).print('keys test <x>', cases)).toBe(3);
  expect(JSON.parse(world.stdout())).toEqual({ cases: JSON.parse(JSON.stringify(cases)), passed: 1, failed: 1 });
  expect(await readFile(junit, 'utf8')).toBe(XML);
});

test('XML on standard output', async () => {
  const world = await terminal();
  await createReport(world, { format: 'junit' }).print('keys test <x>', cases);
  expect(world.stdout()).toBe(XML);
});

test('a file that cannot be written is named after the cases are printed; two forms at once are a conflict', async () => {
  const world = await terminal();
  const report = createReport(world, { junit: join(folder, 'none', 'x.xml') });
  await expect(report.print('x', cases)).rejects.toMatchObject({ code: 'FILE_UNWRITABLE', field: '--junit' });
  expect(world.stdout()).toContain('FAULT');
  const json = await terminal(true);
  expect(() => createReport(json, { format: 'junit' })).toThrow(expect.objectContaining({ code: 'FLAG_CONFLICT' }));
});
