import { describe, expect, it, test } from 'vitest';
import { JsonProblem, readJson } from '../../src/cli/json-source.js';

function problemIn(text: string): string {
  try {
    readJson(text);
  } catch (error) {
    if (error instanceof JsonProblem) return `${error.position.line}:${error.position.column} ${error.message}`;
    throw error;
  }
  return 'none';
}

describe('readJson', () => {
  it('reads what JSON.parse reads', () => {
    const text = ' {"a": [1, -2.5e+3, true, false, null, "x\\u0041\\n\\u007f"], "": {}, "__proto__": 1 }\r\n';
    expect(readJson(text).value).toEqual(JSON.parse(text));
    expect(readJson('\uFEFF"ä😀"').value).toBe('ä😀');
  });

  it('knows where each value stands, members at their names; line ends of all kinds', () => {
    const source = readJson('{\n  "a": [\r\n    1, {"b": 2}\r  ],\n\t"😀": 3, "c": 4}');
    expect(source.positionOf([])).toEqual({ line: 1, column: 1 });
    expect(source.positionOf(['a'])).toEqual({ line: 2, column: 3 });
    expect(source.positionOf(['a', 0])).toEqual({ line: 3, column: 5 });
    expect(source.positionOf(['a', 1, 'b'])).toEqual({ line: 3, column: 9 });
    expect(source.positionOf(['c'])).toEqual({ line: 5, column: 10 });
    expect(source.positionOf(['a', 1, 'gone', 'deep'])).toEqual({ line: 3, column: 8 });
  });

  test.each([
    ['{\n  // note\n}', '2:3 a comment, which JSON does not have'],
    ['[1, /* note */ 2]', '1:5 a comment, which JSON does not have'],
    ['{"a": 1,\n}', '1:8 a comma after the last entry, before }'],
    ['[1,\n 2,]', '2:3 a comma after the last entry, before ]'],
    ['{"a":1 "b":2}', '1:8 expected , or }, got "'],
    ['{"a" 1}', '1:6 expected : after "a", got 1'],
    ['{a: 1}', '1:2 expected a name in double quotes, got a'],
    ["['a']", '1:2 a text in single quotes'],
    ['{"a":1,\n "a":2}', '2:2 "a" is there twice'],
    ['[01]', '1:2 a number that is none of JSON'],
    ['[1.]', '1:2 a number that is none of JSON'],
    ['[NaN]', '1:2 expected a value, got N'],
    ['[truely]', '1:2 expected a value, got t'],
    ['"a', '1:1 a text that does not end, or has a character or \\ sequence that JSON has not'],
    ['"\\x41"', '1:1 a text that does not end, or has a character or \\ sequence that JSON has not'],
    ['{"a":', '1:6 expected a value, got the end'],
    ['{} {}', '1:4 expected the end, got {'],
    ['\u0000\u0000', '1:1 expected a value, got a character that is none of JSON'],
  ])('%j is refused: %s', (text, problem) => {
    expect(problemIn(text)).toBe(problem);
  });

  it('is quick with a large text, and stops at a deep one', () => {
    expect(problemIn(`"${'a'.repeat(1_000_000)}"`)).toBe('none');
    expect(problemIn(`"${'\\u'.repeat(300_000)}`)).toContain('1:1 a text that does not end');
    expect(problemIn('['.repeat(100_000))).toBe('1:52 more than 50 levels within each other');
  });
});
