import { describe, expect, test } from 'vitest';
import { printable, printableJson, steered } from '../../src/cli/terminal/printable.js';

// ECMA-48: ESC, the one-byte CSI, BEL, DEL.
const HOSTILE = 'a\u001b[2Jb\u009b2Jc\u0007d\u007fe\rf';

describe('what others wrote', () => {
  test('loses every control character where a text of theirs is shown', () => {
    expect(printable(HOSTILE)).toBe('a?[2Jb?2Jc?d?e?f');
  });

  test('cannot steer the terminal from within a text of ours, whose lines and colours stay', () => {
    expect(steered(`\u001b[31mred\u001b[39m\n\tnext ${HOSTILE}`)).toBe(
      '\u001b[31mred\u001b[39m\n\tnext a?[2Jb?2Jc?d?e?f',
    );
  });

  test('loses what cannot be seen, or turns the direction of what stands beside it', () => {
    const unseen = 'a\u200bb\u202ec\u2066d\ufeffe\u2028f\u{e0041}g';
    expect([printable(unseen), steered(unseen)]).toEqual(['a?b?c?d?e?f?g', 'a?b?c?d?e?f?g']);
    expect(printableJson(unseen)).toBe('"a\\u200bb\\u202ec\\u2066d\\ufeffe\\u2028f\\udb40\\udc41g"');
    expect(JSON.parse(printableJson(unseen))).toBe(unseen);
  });

  test('is escaped in JSON, which means the same', () => {
    const text = printableJson({ text: HOSTILE });
    expect(text).toBe('{"text":"a\\u001b[2Jb\\u009b2Jc\\u0007d\\u007fe\\rf"}');
    expect(JSON.parse(text)).toEqual({ text: HOSTILE });
  });
});
