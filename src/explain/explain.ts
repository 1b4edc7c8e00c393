/** Why was this refused? Finds out what was given, and looks at everything in it. */
import { conclude, type Explanation, type Kind } from './check.js';
import { looksLikeCurl, readCurl } from './curl.js';
import { hookFindings, SIGNATURE_HEADER } from './hook.js';
import { valuesOf } from './http-head.js';
import { looksLikeAnswer, looksLikeMessage, readMessage, type HttpRequest } from './http-message.js';
import { bareToken, looksLikeToken, readJws } from './jws.js';
import { kindOf, type TokenKind } from './kinds.js';
import { proofFindings } from './proof.js';
import { requestFindings, type RequestOptions } from './request.js';
import { clockFinding } from './times.js';
import { tokenFindings } from './token.js';
import { verificationFindings } from './verification.js';
import type { World } from './world.js';

/** What was given, sorted. */
export type Subject =
  { kind: 'token' | 'proof' | 'verification-token'; text: string } | { kind: 'hook' | 'request'; request: HttpRequest };

/** Why a text is nothing that can be explained. */
export interface Unreadable {
  /** A sentence. */
  problem: string;
  hint: string;
}

/** Several tokens in one text: an access token with its proof, or with Dynamic's elevated token. */
const MOST_TOKENS = 3;

/** Sorts what was given; `as` forces a kind. `elevatedHeader` is that of Dynamic's elevated token. */
export function readSubject(bytes: Buffer, as: Kind | undefined, elevatedHeader: string): Subject | Unreadable {
  const { text, plain } = decoded(bytes);
  if (text.trim() === '') return { problem: 'Nothing was given.', hint: 'Give a file, or pipe it in.' };
  if (as === 'token' || as === 'proof' || as === 'verification-token') return { kind: as, text };
  const request = readCurl(text) ?? (as !== undefined || looksLikeMessage(plain) ? readMessage(plain) : undefined);
  if (as !== undefined) {
    return request
      ? { kind: as, request }
      : { problem: `This is no ${as === 'hook' ? 'call of a hook' : 'request'}.`, hint: HINT };
  }
  if (request) return { kind: valuesOf(request.headers, SIGNATURE_HEADER).length > 0 ? 'hook' : 'request', request };
  if (looksLikeCurl(text)) return { problem: 'This curl command cannot be read.', hint: HINT };
  if (looksLikeAnswer(plain)) {
    return {
      problem: 'This is the answer of a server, and what it was sent is needed.',
      hint: 'Give the request with the answer behind it, or the output of curl -v, which has both.',
    };
  }
  return tokensIn(text, elevatedHeader) ?? { problem: 'This is nothing that could be explained.', hint: HINT };
}

const HINT =
  'It takes a token, a DPoP proof, a verification token, a curl command, or a request with its headers. Name the kind with --as.';

/** One token, or several that go together. */
function tokensIn(text: string, elevatedHeader: string): Subject | undefined {
  const lines = text
    .trim()
    .split(/\s*[\r\n]+\s*/)
    .filter((line) => line !== '');
  const tokens = lines.filter(looksLikeToken);
  if (lines.length > 1 && lines.length <= MOST_TOKENS && tokens.length === lines.length) {
    return { kind: 'request', request: joined(tokens, elevatedHeader) };
  }
  if (!looksLikeToken(text)) return undefined;
  const { jws } = readJws(text, 'token');
  const kind = jws && kindOf(jws);
  if (kind === 'proof') return { kind: 'proof', text };
  return { kind: kind === 'verification' ? 'verification-token' : 'token', text };
}

/** The request in which such tokens go; nobody has said how they were sent. */
function joined(tokens: string[], elevatedHeader: string): HttpRequest {
  const kinds = tokens.map((token): [TokenKind, string] => {
    const { jws } = readJws(token, 'token');
    return [jws ? kindOf(jws) : 'access', bareToken(token)];
  });
  const hasProof = kinds.some(([kind]) => kind === 'proof');
  const elevated = kinds.some(([kind]) => kind === 'elevated');
  const firstElse = kinds.find(([kind]) => kind !== 'proof' && !(elevated && kind === 'elevated'));
  const headers = kinds.map(([kind, token]): [string, string] => {
    if (kind === 'proof') return ['dpop', token];
    return token === firstElse?.[1]
      ? ['authorization', `${hasProof ? 'DPoP' : 'Bearer'} ${token}`]
      : [elevatedHeader, token];
  });
  const notes = ['Only tokens were given: they are looked at as if they went in the headers where they belong.'];
  return { headers, received: false, notes };
}

/** What Windows' shells write is UTF-16; a byte order mark is no part of a text. The bytes of all else stay as they are. */
function decoded(bytes: Buffer): { text: string; plain: Buffer } {
  const little = bytes[0] === 0xff && bytes[1] === 0xfe;
  const plain = little ? Buffer.from(bytes.subarray(2).toString('utf16le'), 'utf8') : withoutMark(bytes);
  return { text: plain.toString('utf8'), plain };
}

function withoutMark(bytes: Buffer): Buffer {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes;
}

/** Looks at everything in it. Calls nobody but `world.keys`. */
export async function explain(subject: Subject, world: World, options: RequestOptions): Promise<Explanation> {
  switch (subject.kind) {
    case 'token': {
      const { findings } = await tokenFindings(subject.text, world, { scopes: world.scopes });
      return conclude('token', [...findings, clockFinding(world, false)]);
    }
    case 'proof': {
      const { findings } = await proofFindings(subject.text, world, { called: { url: world.url } });
      return conclude('proof', [...findings, clockFinding(world, true)]);
    }
    case 'verification-token':
      return conclude('verification-token', await verificationFindings(subject.text, world));
    case 'hook':
      return conclude('hook', await hookFindings(subject.request, world));
    case 'request':
      return conclude('request', await requestFindings(subject.request, world, options));
  }
}
