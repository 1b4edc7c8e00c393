/** What the README says is what happens. */
import { readFileSync } from 'node:fs';
import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { errorText, exitStatus } from '../src/cli/errors.js';
import {
  FailedError,
  InputNeededError,
  RefusedError,
  SessionError,
  UnreachableError,
  UsageError,
} from '../src/errors.js';
import { startTestEmulator } from './support/emulator.js';
import { stepup, temporaryHome } from './support/stepup.js';

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');
const readme = read('../README.md');

/** Values that differ from run to run, made equal. */
function normalise(text: string): string {
  return text
    .replace(/:\d{4,5}\b/g, ':PORT')
    .replace(/\b(usr|ses|chl)_[a-z0-9]+/g, '$1_ID')
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'INSTANT')
    .replace(/\(\d+ s left/g, '(N s left')
    .replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, 'UUID')
    .replace(/[ \t]+$/gm, '')
    .trim();
}

describe('README', () => {
  it('shows the transcript of the tutorial', async () => {
    const shown = /<!-- tutorial: .*?-->\n\n```text\n(.*?)\n```/s.exec(readme)?.[1] ?? '';
    const { home, remove } = await temporaryHome();
    const { stdout } = await stepup('tutorial --yes', { home });
    await remove();
    expect(normalise(shown)).toBe(normalise(stdout));
  });

  it('lists every error code in the row of its status', () => {
    const source = read('../src/errors.ts');
    const groups = [...source.matchAll(/\/\/ [^\n]*\((\d+)\)\n((?: {2}\| '\w+'(?:;)?\n)+)/g)];
    expect(groups.map(([, status]) => status)).toEqual(['1', '2', '3', '4', '5', '6', '127', '130']);
    for (const [, status, names] of groups) {
      const row = readme.split('\n').find((line) => new RegExp(`^\\| ${status} +\\|`).test(line)) ?? '';
      const documented = [...row.matchAll(/`([A-Z_]+)`/g)].map((found) => found[1]);
      expect(documented).toEqual([...names!.matchAll(/'(\w+)'/g)].map((found) => found[1]));
    }
  });

  it('gives each class of error the status of the table', () => {
    expect(exitStatus(new FailedError('PORT_IN_USE', 'x'))).toBe(1);
    expect(exitStatus(new UsageError('USAGE', 'x'))).toBe(2);
    expect(exitStatus(new RefusedError('REFUSED', 'x'))).toBe(3);
    expect(exitStatus(new SessionError('SESSION_OVER', 'x'))).toBe(4);
    expect(exitStatus(new InputNeededError('INPUT_NEEDED', 'x'))).toBe(5);
    expect(exitStatus(new UnreachableError('TIMED_OUT', 'x'))).toBe(6);
    expect(exitStatus(new TypeError('x'))).toBe(1);
    const plain = { bold: String, dim: String, good: String, bad: String, mark: String };
    expect(errorText(new TypeError('x'), [], plain, '1.2.3')).toMatch(/bug in stepup 1\.2\.3[^]*TypeError: x\n +at /);
  });

  it('lists every variable that the source reads', () => {
    const sources = [
      'target/target',
      'target/base',
      'target/dynamic',
      'target/prelude',
      'cli/codes',
      'cli/context',
      'system',
      'cli/commands/emulator/messages',
      'cli/commands/emulator/start',
    ];
    const names = sources.flatMap((source) =>
      [...read(`../src/${source}.ts`).matchAll(/STEPUP_[A-Z_]+[A-Z]/g)].map(([name]) => name),
    );
    expect(names).toContain('STEPUP_PRELUDE_APP_ID');
    expect(names.filter((name) => !readme.includes(`\`${name}\``))).toEqual([]);
  });

  it('names every command', async () => {
    const { home, remove } = await temporaryHome();
    const { stdout } = await stepup('--help', { home });
    await remove();
    const commands = [...(/\nCommands:\n([^]*?)\n\n/.exec(stdout)?.[1] ?? '').matchAll(/^ {2}(\w+)/gm)].map(
      ([, name]) => name!,
    );
    expect(commands).toContain('request');
    const table = /## Commands([^]*?)##/.exec(readme)![1]!;
    for (const command of commands) expect(table).toMatch(new RegExp(`\`${command}[ \`]`));
  });

  it('walks "By hand" as it is written', async () => {
    const { home, remove } = await temporaryHome();
    const emulator = await startTestEmulator();
    const at = `--emulator=${emulator.emulator.ready.url}`;
    const run = async (): Promise<{ status: number; stdout: string; timedOut: boolean }> => ({
      status: 0,
      stdout: (await emulator.control.messages()).at(-1)!.code,
      timedOut: false,
    });
    const hook = await startHook(home, at);
    const block = /```sh\n(stepup init --emulator[^]*?)```/.exec(readme)![1]!;
    const lines = block
      .split('\n')
      .map((line) => line.replace(/#.*/, '').trim())
      .filter(Boolean)
      .flatMap((line) => line.split(' && '));
    expect(lines.length).toBe(8);
    for (const line of lines.filter((each) => !each.includes('emulator messages'))) {
      const words = line
        .replace('--emulator', at)
        .replace('http://127.0.0.1:4790/hooks/stepup', hook.url)
        .split(' ')
        .slice(1);
      const codes = /login|request/.test(line) ? ['--code-command', 'phone'] : [];
      const { status, stderr } = await stepup([...words, ...codes], { home, run });
      expect({ line, status, stderr: status === 0 ? '' : stderr }).toEqual({ line, status: 0, stderr: '' });
    }
    await hook.stop();
    await emulator.stop();
    await remove();
  });
});

async function startHook(home: string, at: string): Promise<{ url: string; stop(): Promise<void> }> {
  const stopping = new AbortController();
  let ready: (url: string) => void;
  const isReady = new Promise<string>((resolve) => (ready = resolve));
  const ended = stepup(`hook serve --port 0 --json ${at}`, {
    home,
    stdin: new PassThrough(),
    signal: stopping.signal,
    onStdout: (text) => {
      const event = JSON.parse(text.split('\n')[0]!) as { type: string; hookUrl: string };
      if (event.type === 'ready') ready(event.hookUrl);
    },
  });
  return {
    url: await isReady,
    async stop() {
      stopping.abort();
      expect((await ended).status).toBe(0);
    },
  };
}
