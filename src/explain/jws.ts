/** A token's outer form (RFC 7515 §3.1): decoded, and what happened to it on its way. Nothing is verified here. */
import { depthOf } from '../json-depth.js';
import { RANKS, type Finding } from './check.js';
import { shown } from './shown.js';

export type Claims = Record<string, unknown>;

export interface Jws {
  /** As it is to be signed and sent, without what was around it. */
  text: string;
  header: Claims;
  claims: Claims;
  hasSignature: boolean;
}

/** A text that is meant to be a token. `jws` is absent where it is none; `form` says why, and what was around it. */
export interface ReadToken {
  jws?: Jws | undefined;
  form: Finding;
}

/** Longer ones are refused by the head of any usual server. Characters. */
const LONGEST = 16 * 1024;
/** Deeper claims are of no token, and would overflow whoever walks them. */
const DEEPEST = 32;

/**
 * Reads a token. `what` names it: `access token`. `asSent`: it is what a header has, where what is around a token is sent along and is
 * wrong; around a pasted one it only came along.
 */
export function readJws(given: string, what: string, asSent = false): ReadToken {
  const { text, around = asSent && given.trim() !== given ? 'a blank or line end' : undefined } = unwrapped(given);
  const read = readBare(text, what);
  if (around === undefined || text === '') return read;
  if (asSent) return { ...read, form: form({ ok: false, ...sentAlong(around, what) }) };
  return read.form.ok === true
    ? { ...read, form: form({ ok: true, actual: `a JWS, with ${around} around it` }) }
    : read;
}

/** A token without what is around it; what is none as it is. */
export function bareToken(given: string): string {
  return readJws(given, '').jws?.text ?? given;
}

function readBare(text: string, what: string): ReadToken {
  const bad = (actual: string, cause: string, hint: string): ReadToken => {
    return { form: form({ ok: false, actual, cause, hint }) };
  };
  if (text === '') return bad('nothing', `The ${what} is empty.`, 'See where it got lost: a variable may be unset.');
  if (text.length > LONGEST) {
    const size = `${Math.ceil(text.length / 1024)} KB`;
    return bad(size, `The ${what} has ${size}, which no server takes in a header.`, 'Look for what it is made of.');
  }
  if (!text.startsWith('eyJ') && !objectIn(text.split('.')[0] ?? '')) {
    const hint = 'An opaque token is known to its issuer alone; whether it is the right one cannot be told from it.';
    return bad('no JWS', `The ${what} is no JWT but some other text.`, hint);
  }
  const wrong = /[^\w.-]/u.exec(text)?.[0];
  if (wrong !== undefined) return oddCharacter(wrong, what, bad);
  const parts = text.split('.');
  if (parts.length === 5) {
    return bad('5 parts', `The ${what} is encrypted (JWE), and a signed one (JWS) is needed.`, 'Send a signed token.');
  }
  const [head = '', payload = '', signature = ''] = parts;
  const header = objectIn(head);
  if (parts.length !== 3) {
    const much = parts.length < 3 ? 'cut off' : 'more than one, or has something behind it';
    return bad(`${parts.length} of 3 parts`, `The ${what} is ${much}.`, 'Copy it whole: a JWT has two dots.');
  }
  if (!header) return bad('a header that is no JSON', `The ${what} is damaged at its beginning.`, 'Copy it whole.');
  const claims = objectIn(payload);
  if (!claims) return bad('claims that are no JSON', `The ${what} is damaged in its middle.`, 'Copy it whole.');
  const jws = { text, header, claims, hasSignature: signature !== '' };
  const odd = [head, payload, signature].some((part) => part.length % 4 === 1);
  if (odd) return { jws, form: form({ ok: false, actual: 'a part is cut off', ...cutOff(what) }) };
  return { jws, form: form({ ok: true, actual: 'a JWS' }) };
}

/** Whether a text looks like a token, whole or damaged. */
export function looksLikeToken(given: string): boolean {
  const { text } = unwrapped(given);
  return (
    /^eyJ[\w-]*(\.|$)/.test(text) ||
    (/^[\w-]+\.[\w-]+\.[\w-]*$/.test(text) && objectIn(text.split('.')[0]!) !== undefined)
  );
}

function form(found: Pick<Finding, 'ok' | 'actual' | 'cause' | 'hint'>): Finding {
  return {
    check: 'form',
    expected: `a signed token (JWS) of three parts`,
    rank: RANKS.form,
    ...found,
  };
}

function cutOff(what: string): Pick<Finding, 'cause' | 'hint'> {
  return { cause: `The ${what} is cut off: a part of it has a length that no base64url has.`, hint: 'Copy it whole.' };
}

function sentAlong(around: string, what: string): Pick<Finding, 'actual' | 'cause' | 'hint'> {
  return {
    actual: `a text with ${around} around it`,
    cause: `The ${what} was sent with ${around} around it, and a server takes that for a part of it.`,
    hint: around.includes(QUOTES) ? 'Take it from JSON without quotation marks: jq -r.' : 'Send the bare token.',
  };
}

function oddCharacter(
  character: string,
  what: string,
  bad: (actual: string, cause: string, hint: string) => ReadToken,
): ReadToken {
  if (/\s/.test(character)) {
    return bad('a blank or line end within', `The ${what} is broken by a blank or a line end.`, 'Join it to one line.');
  }
  if (/[+/=]/.test(character)) {
    const cause = `The ${what} is in another base64: it has ${character}, and base64url has - and _ and no padding.`;
    return bad(`a ${character} within`, cause, 'Encode it as base64url without padding (RFC 7515 §2).');
  }
  if (character === '%') {
    return bad('a % within', `The ${what} is still encoded as part of a URL.`, 'Decode it before it is sent.');
  }
  if (character === '…' || character === '*') {
    return bad(`a ${character} within`, `The ${what} was shortened by a log or a screen.`, 'Take it from its source.');
  }
  return bad(
    `the character ${shown(character)} within`,
    `The ${what} has a character that no token has.`,
    'Copy it anew.',
  );
}

const QUOTES = 'quotation marks';

/** What people copy along: a scheme, quotation marks, a header's name, blanks and line ends at its ends. */
function unwrapped(given: string): { text: string; around?: string | undefined } {
  const around: string[] = [];
  const take = (text: string, pattern: RegExp, words: string): string => {
    const left = text.replace(pattern, '');
    if (left !== text) around.push(words);
    return left.trim();
  };
  let text = given.trim();
  const quotes = /["'`]/.test(text) ? QUOTES : 'a comma or semicolon';
  text = take(text, /^["'`]+|(?<!["'`,;])["'`,;]+$/g, quotes);
  text = take(text, /^(authorization|dpop|x-dyn-elevated-access-token)\s*:\s*/i, "its header's name");
  text = take(text, /^(bearer|dpop)\s+/i, 'the word Bearer or DPoP');
  return { text, around: around.length > 0 ? around.join(', ') : undefined };
}

/** The JSON object in a part; undefined for anything else, also for one that nests too deep. */
function objectIn(part: string): Claims | undefined {
  try {
    const text = Buffer.from(part, 'base64url').toString('utf8');
    if (depthOf(text) > DEEPEST) return undefined;
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Claims) : undefined;
  } catch {
    return undefined; // no JSON: the caller says so
  }
}
