/** Cases as JUnit XML, in the form that CI services read: one suite, a failure for each fault, advice and what was not tried as skipped. */
import { mustBeMended, type Case } from '../backend/case.js';

/** The document, without a line end after it. */
export function junitXml(suite: string, cases: readonly Case[]): string {
  const failures = cases.filter(mustBeMended).length;
  const skipped = cases.filter(({ holds }) => !holds).length - failures;
  const counts = `tests="${cases.length}" failures="${failures}" errors="0" skipped="${skipped}"`;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites ${counts}>`,
    `  <testsuite name="${escaped(suite)}" ${counts}>`,
    ...cases.map((one) => testCase(suite, one)),
    '  </testsuite>',
    '</testsuites>',
  ].join('\n');
}

function testCase(suite: string, one: Case): string {
  const { name, holds, expected, got, hint } = one;
  const head = `    <testcase classname="${escaped(suite)}" name="${escaped(name)}"`;
  if (holds) return `${head}/>`;
  const text = `expected ${expected}, got ${got}`;
  const inner = !mustBeMended(one)
    ? `<skipped message="${escaped(hint === undefined ? text : `${text}. ${hint}`)}"/>`
    : `<failure message="${escaped(text)}">${escaped(hint ?? '')}</failure>`;
  return `${head}>${inner}</testcase>`;
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;' };

/** Text inside XML 1.0: what may not stand in it at all (§2.2) becomes a question mark, a line end a blank. */
function escaped(text: string): string {
  return text
    .replace(/[\t\r\n]+/g, ' ')
    .replace(/[\p{Cc}\p{Cs}\ufffe\uffff]/gu, '?')
    .replace(/[&<>"']/g, (found) => ENTITIES[found] ?? found);
}
