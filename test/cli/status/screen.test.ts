import { Writable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { canDraw, openScreen } from '../../../src/cli/status/screen.js';
import type { Output } from '../../../src/system.js';

function output(size: { isTTY?: boolean; columns?: number; rows?: number }): { stdout: Output; taken(): string } {
  let all = '';
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      all += chunk.toString('utf8');
      done();
    },
  });
  const stdout: Output = Object.assign(stream, { isTTY: true, columns: 80, ...size });
  const taken = (): string => {
    const text = all;
    all = '';
    return text;
  };
  return { stdout, taken };
}

describe('the screen', () => {
  test('is taken, drawn from its corner with the rest of each line cleared, and given back', () => {
    const { stdout, taken } = output({ rows: 10 });
    const screen = openScreen(stdout);
    expect(taken()).toBe('\u001b[?1049h\u001b[?25l\u001b[?7l');
    screen.draw(['one', 'two']);
    expect(taken()).toBe('\u001b[Hone\u001b[K\r\ntwo\u001b[K\u001b[J');
    screen.leave();
    expect(taken()).toBe('\u001b[?7h\u001b[?25h\u001b[?1049l');
    expect(stdout.listenerCount('resize')).toBe(0);
  });

  test('is drawn anew, and cut, when the terminal changes its size', () => {
    const { stdout, taken } = output({ rows: 3 });
    const screen = openScreen(stdout);
    screen.draw(['1', '2', '3']);
    taken();
    Object.assign(stdout, { rows: 2 });
    stdout.emit('resize');
    expect(taken()).toBe('\u001b[H1\u001b[K\r\n… 2 more\u001b[K\u001b[J');
    Object.assign(stdout, { rows: 1 });
    stdout.emit('resize');
    expect(taken()).toBe('\u001b[H… 3 more\u001b[K\u001b[J');
    Object.assign(stdout, { rows: undefined });
    stdout.emit('resize');
    expect(taken()).toBe('\u001b[H1\u001b[K\r\n2\u001b[K\r\n3\u001b[K\u001b[J');
  });

  test('lets no text steer the terminal', () => {
    const { stdout, taken } = output({});
    const screen = openScreen(stdout);
    taken();
    screen.draw(['a\u001b[2Jb\u009b5n', '\u001b[32mgood\u001b[39m']);
    expect(taken()).toBe('\u001b[Ha?[2Jb?5n\u001b[K\r\n\u001b[32mgood\u001b[39m\u001b[K\u001b[J');
  });

  test.each([
    ['a terminal', {}, {}, true],
    ['a pipe', { isTTY: false }, {}, false],
    ['a terminal without a width', { columns: 0 }, {}, false],
    ['a dumb terminal', {}, { TERM: 'dumb' }, false],
    ['CI', {}, { CI: 'true' }, false],
  ])('%s', (_name, size, env, can) => {
    expect(canDraw({ stdout: output(size).stdout, env })).toBe(can);
  });
});
