/** The answer of a server, pasted behind the request: as it came over the wire, or as `curl -v` marks it. */
import { headersIn, unfolded } from './http-head.js';

export interface Answer {
  status: number;
  headers: [string, string][];
}

const STATUS_LINE = /^HTTP\/\d(?:\.\d)? (\d{3})(?: |\r?\n|\r?$)/;
/** Answers that another one follows: interim ones, redirects (`curl -L`), and that of a proxy. */
const FOLLOWED = /^HTTP\/\S+ (?:[13]\d\d|200 connection established)/i;

/** Whether an answer begins there. */
export function isAnswerAt(bytes: Buffer, at: number): boolean {
  return bytes[at] === 0x48 && STATUS_LINE.test(bytes.toString('latin1', at, at + 16));
}

/** Where an answer begins on a line of its own, at or behind `from`; -1 where there is none. */
export function findAnswer(bytes: Buffer, from: number): number {
  for (let at = bytes.indexOf('HTTP/', from); at >= 0; at = bytes.indexOf('HTTP/', at + 1)) {
    if ((at === from || bytes[at - 1] === 10) && isAnswerAt(bytes, at)) return at;
  }
  return -1;
}

/** Reads the first answer behind `from`; of several to one request the last. Undefined where there is none. */
export function readAnswer(bytes: Buffer, from: number): Answer | undefined {
  let at = findAnswer(bytes, from);
  if (at < 0) return undefined;
  while (FOLLOWED.test(bytes.toString('latin1', at, at + 64))) {
    const next = findAnswer(bytes, at + 1);
    if (next < 0 || hasRequest(bytes.subarray(at, next))) break;
    at = next;
  }
  const text = bytes.toString('utf8', at);
  const end = /\r?\n\r?\n/.exec(text)?.index;
  return answerOf(unfolded(text.slice(0, end)));
}

/** Whether another request begins in the bytes. */
export function hasRequest(bytes: Buffer): boolean {
  return /^[A-Z][A-Z-]{1,20} \S{1,8192} HTTP\/\d/m.test(bytes.toString('latin1'));
}

/** Reads the answer that `curl -v` marks with `<`; of several the last. */
export function readMarkedAnswer(text: string): Answer | undefined {
  const lines = marked(text, '< ');
  return answerOf(lines.slice(lines.findLastIndex((line) => STATUS_LINE.test(line))));
}

/** Lines of the output of `curl -v`, without their mark. */
export function marked(text: string, mark: string): string[] {
  return text
    .split(/\r?\n/)
    .filter((line) => line.startsWith(mark))
    .map((line) => line.slice(mark.length).trimEnd());
}

function answerOf([first = '', ...lines]: string[]): Answer | undefined {
  const status = STATUS_LINE.exec(first)?.[1];
  return status === undefined ? undefined : { status: Number(status), headers: headersIn(lines, []) ?? [] };
}
