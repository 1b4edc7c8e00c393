/** What programs do to a body between the wire and their check of its signature: the same text in other bytes. */
import { createHash } from 'node:crypto';
import { depthOf } from '../json-depth.js';

export interface Rewriting {
  /** What the bytes are, in words: completes "the signature fits …". */
  words: string;
  bytes: Uint8Array;
}

/** The likely originals of a body whose signature does not fit. None is the body itself. */
export function rewritingsOf(body: Uint8Array): Rewriting[] {
  const text = Buffer.from(body).toString('utf8');
  const json = parsed(text);
  const found: [string, string | Uint8Array][] = [
    ['the body without the line end after it', text.replace(/\r?\n$/, '')],
    ['the body without the blanks around it', text.replaceAll(/^[ \t\r\n]+|[ \t\r\n]+$/g, '')],
    ['the body with a line end after it', `${text}\n`],
    ['the body with a line end (CR LF) after it', `${text}\r\n`],
    ['the body with LF for its line ends', text.replaceAll('\r\n', '\n')],
    ['the body with CR LF for its line ends', text.replaceAll(/\r?\n/g, '\r\n')],
    ['the body read as Latin-1', Buffer.from(Buffer.from(body).toString('latin1'), 'utf8')],
    ['the body without the byte order mark', text.replace(/^\ufeff/, '')],
    ['the bytes that the body has as base64', Buffer.from(text.trim(), 'base64')],
    ['the SHA-256 digest of the body (it is to be signed itself)', digest(body)],
    ['the SHA-256 digest of the body in hexadecimal (it is to be signed itself)', digest(body).toString('hex')],
    ...(json === undefined ? [] : serialisations(json.value)),
  ];
  const original = Buffer.from(body);
  return found
    .map(([words, form]) => ({ words, bytes: typeof form === 'string' ? Buffer.from(form) : form }))
    .filter(({ bytes }) => bytes.length > 0 && !original.equals(bytes));
}

/** Larger and deeper bodies are no hook calls, and not written again in every form. */
const MAX_BODY = 64 * 1024;
const MAX_DEPTH = 100;

function parsed(text: string): { value: unknown } | undefined {
  try {
    return text.length > MAX_BODY || depthOf(text) > MAX_DEPTH
      ? undefined
      : { value: JSON.parse(text.replace(/^\ufeff/, '')) };
  } catch {
    return undefined; // no JSON, so nobody has written it again as such
  }
}

/** A JSON value as the usual libraries write it. */
function serialisations(value: unknown): [string, string][] {
  const texts = [value, sorted(value)].flatMap((one, at): [string, string][] => {
    const order = at === 0 ? '' : ', with its names sorted';
    return [
      [`the body as compact JSON${order}`, JSON.stringify(one)],
      [`the body as JSON with blanks after : and , (Python's json.dumps)${order}`, spaced(one)],
      ...[2, 4, '\t'].map((indent): [string, string] => {
        return [`the body as indented JSON${order}`, JSON.stringify(one, null, indent)];
      }),
    ];
  });
  if (typeof value === 'string') texts.push(['the text that the body has as a JSON string', value]);
  return texts.flatMap(([words, text]) => [
    [words, text],
    [`${words}, with a line end after it`, `${text}\n`],
    [`${words}, with letters beyond ASCII escaped`, text.replaceAll(/[\u0080-\uffff]/g, escape)],
    [`${words}, with / escaped (PHP's json_encode)`, text.replaceAll('/', '\\/')],
    [`${words}, with <, > and & escaped (Go's encoding/json)`, text.replaceAll(/[<>&\u2028\u2029]/g, escape)],
  ]);
}

function escape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([name, member]): [string, unknown] => [name, sorted(member)]);
  return Object.fromEntries(entries.sort(([one], [other]) => (one < other ? -1 : 1)));
}

function spaced(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(spaced).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).map(([name, member]) => `${JSON.stringify(name)}: ${spaced(member)}`);
  return `{${members.join(', ')}}`;
}

function digest(body: Uint8Array): Buffer {
  return createHash('sha256').update(body).digest();
}
