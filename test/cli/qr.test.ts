import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { qrLines, showQr } from '../../src/cli/qr.js';
import type { Context } from '../../src/cli/context.js';
import type { Output } from '../../src/system.js';

const URI =
  'otpauth://totp/stepup?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=stepup&algorithm=SHA1&digits=6&period=30';

/** Modules of a finder pattern (ISO/IEC 18004 §6.3.3): a ring around a square, dark `#`. */
const FINDER = ['#######', '#     #', '# ### #', '# ### #', '# ### #', '#     #', '#######'];

/** Two rows of modules out of each line; light modules are drawn. */
function modules(lines: string[]): string[] {
  const upper = { '█': ' ', '▀': ' ', '▄': '#', ' ': '#' } as Record<string, string>;
  const lower = { '█': ' ', '▀': '#', '▄': ' ', ' ': '#' } as Record<string, string>;
  return lines.flatMap((line) => [upper, lower].map((half) => Array.from(line, (each) => half[each] ?? '?').join('')));
}

describe('a QR code', () => {
  test('has its three finder patterns, in a quiet zone of two modules', async () => {
    const rows = modules(await qrLines(URI));
    const size = rows[0]?.length ?? 0;
    const at = (x: number, y: number): string[] => rows.slice(y, y + 7).map((row) => row.slice(x, x + 7));
    expect(rows.slice(0, 2).join('').trim()).toBe('');
    expect(at(2, 2)).toEqual(FINDER);
    expect(at(size - 9, 2)).toEqual(FINDER);
    expect(at(2, size - 9)).toEqual(FINDER);
    // ISO/IEC 18004 §6.1: 4 modules a version on top of 17.
    expect((size - 4 - 17) % 4).toBe(0);
  });

  test('fits into a usual terminal', async () => {
    const lines = await qrLines(URI);
    expect(lines[0]?.length).toBeLessThan(80);
    expect(lines.length).toBeLessThan(25);
  });
});

function screen(stream: { isTTY?: boolean; columns?: number }, env = {}, interactive = true) {
  const said: string[] = [];
  const stderr: Output = Object.assign(new PassThrough(), stream);
  const terminal = {
    interactive,
    warn: (text: string) => void said.push(text),
    note: (text: string) => void said.push(`note: ${text}`),
  };
  return { said, context: { system: { stderr, env }, terminal } as unknown as Pick<Context, 'system' | 'terminal'> };
}

describe('showing one', () => {
  test('on a terminal with colour it is white on black, line by line', async () => {
    const { said, context } = screen({ isTTY: true, columns: 80 });
    expect(await showQr(context, URI)).toBe(true);
    for (const line of said.join('\n').split('\n')) {
      expect([line.slice(0, 8), line.slice(-4)]).toEqual(['\u001b[97;40m', '\u001b[0m']);
      expect(line.slice(8, -4)).toMatch(/^[█▀▄ ]+$/);
    }
  });

  test('without colour it is plain', async () => {
    const { said, context } = screen({ isTTY: true, columns: 80 }, { NO_COLOR: '1' }, false);
    expect(await showQr(context, URI)).toBe(true);
    expect(said.join('\n')).toMatch(/^note: [█▀▄ \n]+$/);
  });

  test.each([
    ['no terminal', {}],
    ['too few columns', { isTTY: true, columns: 40 }],
    ['a width that is not known', { isTTY: true }],
    ['no columns', { isTTY: true, columns: 0 }],
  ])('%s: nothing is shown', async (_, stream) => {
    const { said, context } = screen(stream);
    expect(await showQr(context, URI)).toBe(false);
    expect(said).toEqual([]);
  });
});
