/** A request as it goes over the wire (RFC 9112), as a log or `curl -v` shows it, or only its header lines. */

import {
  findAnswer,
  hasRequest,
  isAnswerAt,
  marked,
  readAnswer,
  readMarkedAnswer,
  type Answer,
} from './http-answer.js';
import { headersIn, isHeaderLine, unfolded, valuesOf } from './http-head.js';

/** One request, from whatever it was read. */
export interface HttpRequest {
  /** Undefined where it is not known. */
  method?: string | undefined;
  /** The whole address that was called, where it is known. */
  url?: string | undefined;
  /** Path and query, where host or scheme are not known. */
  target?: string | undefined;
  headers: [name: string, value: string][];
  /** The bytes of the body; undefined where they are not known. */
  body?: Buffer | undefined;
  /** Whether it is as the server received it, behind whatever stands before it. */
  received: boolean;
  /** The answer's status and its headers, where they were pasted too. */
  answer?: Answer | undefined;
  /** What is odd about it, in sentences. */
  notes: string[];
}

const REQUEST_LINE = /^([A-Z][A-Z-]{1,20}) (\S{1,8192}) HTTP\/(?:1\.[01]|2(?:\.0)?|3(?:\.0)?)$/;

/** Whether the bytes begin as a request, or as the transcript of one. */
export function looksLikeMessage(bytes: Buffer): boolean {
  const [first = '', second = ''] = linesOf(bytes, 2);
  return REQUEST_LINE.test(first) || isTranscript(bytes) || isHeader(first, second);
}

/** Whether the bytes are an answer without its request. */
export function looksLikeAnswer(bytes: Buffer): boolean {
  return isAnswerAt(skipBlankLines(bytes), 0) && !isTranscript(bytes);
}

/** Reads a request, or its header lines alone, with the answer behind it. Undefined for what is none. */
export function readMessage(bytes: Buffer): HttpRequest | undefined {
  if (isTranscript(bytes)) return readTranscript(bytes);
  const { head, rest } = divided(skipBlankLines(bytes));
  const lines = unfolded(head);
  const match = REQUEST_LINE.exec(lines[0] ?? '');
  const notes: string[] = [];
  const headers = headersIn(match ? lines.slice(1) : lines, notes);
  if (!headers || (!match && headers.length === 0)) return undefined;
  const pseudo = (name: string): string | undefined => headers.find(([each]) => each === `:${name}`)?.[1];
  const method = match?.[1] ?? pseudo('method');
  const target = match?.[2] ?? pseudo('path');
  const plain = headers.filter(([name]) => !name.startsWith(':'));
  const authority = pseudo('authority');
  if (authority !== undefined && valuesOf(plain, 'host').length === 0) plain.push(['host', authority]);
  const url = absolute(target, pseudo('scheme'), authority);
  const from = startOfAnswer(plain, rest);
  const body = from < 0 ? rest : bodyBefore(plain, rest, from);
  if (from >= 0 && hasRequest(rest.subarray(from)))
    notes.push('There are several requests; the first one is looked at.');
  return {
    method,
    ...(url === undefined ? { target } : { url }),
    headers: plain,
    body: match || body.length > 0 ? bodyOf(plain, body, notes) : undefined,
    received: true,
    answer: from < 0 ? undefined : readAnswer(rest, from),
    notes,
  };
}

/** Whether it is a call of Prelude's own frontend API. */
export function isOfPrelude({ url, target }: HttpRequest): boolean {
  return /^(?:https?:\/\/[^/]*)?(?:\/[^?#]*)?\/v1\/session\//.test(url ?? target ?? '');
}

function absolute(
  target: string | undefined,
  scheme: string | undefined,
  host: string | undefined,
): string | undefined {
  if (target !== undefined && /^https?:\/\//i.test(target)) return target;
  return scheme !== undefined && host !== undefined && target !== undefined
    ? `${scheme}://${host}${target}`
    : undefined;
}

/** Header lines alone need two of them, or one that is of authorization: any sentence may have a colon. */
function isHeader(first: string, second: string): boolean {
  if (/^(authorization|dpop|x-dyn-elevated-access-token|x-webhook-signature[\w-]*)\s*:/i.test(first)) return true;
  if (/^:(method|path|authority|scheme):/.test(first)) return true;
  return isHeaderLine(first) && isHeaderLine(second) && !/^\s*[{[]/.test(first);
}

/** `curl -v` marks what goes out with `>`. */
function isTranscript(bytes: Buffer): boolean {
  return linesOf(bytes, 200).some((line) => line.startsWith('> ') && REQUEST_LINE.test(line.slice(2)));
}

function readTranscript(bytes: Buffer): HttpRequest | undefined {
  const text = bytes.toString('utf8');
  const lines = text.split(/\r?\n/);
  const out = marked(text, '> ');
  const first = out.findIndex((line) => REQUEST_LINE.test(line));
  // Of several requests (a redirect) the last one was refused.
  const last = out.findLastIndex((line) => REQUEST_LINE.test(line));
  const request = readMessage(Buffer.from(`${out.slice(last).join('\r\n')}\r\n\r\n`));
  if (!request) return undefined;
  const connected = lines.find((line) => /^\* Connected to|^\* Established connection to/.test(line)) ?? '';
  const isSecure = lines.some((line) => /^\* (SSL|TLS|ALPN)/.test(line)) || /port 443\b/.test(connected);
  // Without what curl says of the connection (only `>` was copied) the scheme is not known.
  const scheme = isSecure ? 'https' : connected === '' ? undefined : 'http';
  const [host] = valuesOf(request.headers, 'host');
  const url = absolute(request.target ?? request.url, scheme, host);
  return {
    ...request,
    ...(url === undefined ? {} : { url, target: undefined }),
    body: undefined,
    received: false,
    answer: readMarkedAnswer(text),
    notes:
      last === first ? request.notes : [...request.notes, 'There are several requests; the last one is looked at.'],
  };
}

/** The first lines, as text, without blank ones before them. */
function linesOf(bytes: Buffer, count: number): string[] {
  const lines: string[] = [];
  let at = 0;
  while (lines.length < count && at < bytes.length) {
    const end = bytes.indexOf(10, at);
    const line = bytes
      .subarray(at, Math.min(end < 0 ? bytes.length : end, at + 16_384))
      .toString('latin1')
      .trimEnd();
    if (line !== '' || lines.length > 0) lines.push(line);
    at = end < 0 ? bytes.length : end + 1;
  }
  return lines;
}

function skipBlankLines(bytes: Buffer): Buffer {
  let at = 0;
  while (bytes[at] === 10 || bytes[at] === 13) at += 1;
  return bytes.subarray(at);
}

/** The head, and what is behind the empty line that ends it, whichever line ends it has. An answer ends it too. */
function divided(bytes: Buffer): { head: string; rest: Buffer } {
  for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) {
    const next = bytes[at + 1] === 13 ? at + 2 : at + 1;
    if (bytes[next] === 10) return { head: bytes.toString('utf8', 0, at), rest: bytes.subarray(next + 1) };
    if (isAnswerAt(bytes, at + 1)) return { head: bytes.toString('utf8', 0, at), rest: bytes.subarray(at + 1) };
  }
  return { head: bytes.toString('utf8'), rest: Buffer.alloc(0) };
}

/** Where the answer begins in what is behind the head; -1 where there is none. What the head announces as body is none. */
function startOfAnswer(headers: [string, string][], rest: Buffer): number {
  const end = isChunked(headers) ? unchunked(rest)?.end : lengthIn(headers);
  if (end === undefined || end > rest.length) return findAnswer(rest, 0);
  const behind = rest.length - skipBlankLines(rest.subarray(end)).length;
  if (behind === rest.length) return -1;
  if (isAnswerAt(rest, behind)) return behind;
  return findAnswer(rest, isChunked(headers) ? end : 0);
}

/** The body before an answer: line ends between them belong to neither, unless the head announces them. */
function bodyBefore(headers: [string, string][], rest: Buffer, answer: number): Buffer {
  const announced = isChunked(headers) ? answer : (lengthIn(headers) ?? 0);
  const least = announced > answer ? 0 : announced;
  let end = answer;
  while (end > least && (rest[end - 1] === 10 || rest[end - 1] === 13)) end -= 1;
  return rest.subarray(0, end);
}

function isChunked(headers: [string, string][]): boolean {
  return valuesOf(headers, 'transfer-encoding').some((value) => /\bchunked\b/i.test(value));
}

function lengthIn(headers: [string, string][]): number | undefined {
  const [announced] = valuesOf(headers, 'content-length');
  return announced !== undefined && /^\d{1,9}$/.test(announced) ? Number(announced) : undefined;
}

/** The body that the head announces: unchunked, and without what an editor has put behind it. */
function bodyOf(headers: [string, string][], given: Buffer, notes: string[]): Buffer {
  if (isChunked(headers)) {
    const whole = unchunked(given);
    if (whole) return whole.body;
    notes.push('The body says that it is chunked, and is not: it is taken as it is.');
    return given;
  }
  const length = lengthIn(headers);
  if (length === undefined || given.length === length) return given;
  if (given.length > length && /^[\r\n]*$/.test(given.subarray(length).toString('latin1'))) {
    notes.push('A line end behind the body is not counted by Content-Length: it is left out.');
    return given.subarray(0, length);
  }
  notes.push(`Content-Length is ${length}, and ${given.length} bytes are here: the body is not as it was sent.`);
  return given;
}

/** RFC 9112 §7.1: the body, and where its last chunk ends. Undefined for what is not chunked. */
function unchunked(bytes: Buffer): { body: Buffer; end: number } | undefined {
  const chunks: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    const end = bytes.indexOf(10, at);
    if (end < 0) return undefined;
    const size = /^([\da-f]{1,6})[ \t]*(?:;.*)?\r?$/i.exec(bytes.subarray(at, end).toString('latin1'))?.[1];
    if (size === undefined) return undefined;
    const length = Number.parseInt(size, 16);
    if (length === 0) return { body: Buffer.concat(chunks), end: end + 1 };
    const next = end + 1 + length;
    if (next > bytes.length) return undefined;
    chunks.push(bytes.subarray(end + 1, next));
    at = bytes[next] === 13 ? next + 2 : next + 1;
  }
  return undefined;
}
