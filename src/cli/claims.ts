/** What is in a token: its header and claims, decoded and not verified, never its signature. */
import { UsageError } from '../errors.js';
import { timeLeft } from '../durations.js';
import { printable, printableJson } from './terminal/printable.js';
import { depthOf } from '../json-depth.js';

export type Claims = Record<string, unknown>;

export interface DecodedToken {
  header: Claims;
  claims: Claims;
}

/** No service nests deeper, and whoever walks what does overflows. */
const MAX_DEPTH = 100;

/** Claims that are an instant in seconds, RFC 7519 §4.1. */
const INSTANTS = ['iat', 'nbf', 'exp'];

/** Decodes a JWT (RFC 7519). Throws UsageError DOCUMENT_INVALID, without the text, when it is none. */
export async function decodeToken(token: string, field: string): Promise<DecodedToken> {
  const { decodeJwt, decodeProtectedHeader } = await import('jose');
  try {
    for (const part of token.split('.', 2)) {
      if (depthOf(Buffer.from(part, 'base64url').toString()) > MAX_DEPTH) throw new RangeError('it nests too deep');
    }
    return { header: { ...decodeProtectedHeader(token) }, claims: decodeJwt(token) };
  } catch (cause) {
    throw new UsageError('DOCUMENT_INVALID', 'This is no signed JWT.', {
      field,
      hint: 'A JWT is three parts of base64url with dots between them, as stepup token prints it.',
      cause,
    });
  }
}

/** The scopes of an access token. Prelude: `scope` is one string with blanks between; anything else is no scope. */
export function scopesOf({ scope }: Claims): string[] {
  return typeof scope === 'string' ? scope.split(' ').filter(Boolean) : [];
}

/** What is known of where a token comes from, beside what is in it. */
export interface Surroundings {
  /** Milliseconds. */
  now: number;
  mark(text: string): string;
  /** The thumbprint of the key of the session that is open here. */
  thumbprint?: string | undefined;
}

/** Who, which scopes, how long, bound to which key and of which service; then every part of header and claims. */
export function tokenInWords({ header, claims }: DecodedToken, { now, mark, thumbprint }: Surroundings): string {
  const scopes = scopesOf(claims).map(printable);
  const use = claims['singleUse'] === true ? ' (for a single use)' : '';
  return [
    typeof claims.sub === 'string' ? `User    ${printable(claims.sub)}` : undefined,
    `Scopes  ${scopes.length > 0 ? mark(scopes.join(' ')) + use : 'none'}`,
    typeof claims.exp === 'number' ? `Ends    ${instant(claims.exp, now)}` : undefined,
    `Key     ${boundTo(claims, thumbprint)}`,
    typeof claims.iss === 'string' ? `Service ${printable(claims.iss)}` : undefined,
    '',
    'Header',
    ...rows(header, () => false, now),
    'Claims',
    ...rows(claims, (name) => INSTANTS.includes(name), now),
  ]
    .filter((line) => line !== undefined)
    .join('\n');
}

/** RFC 9449 §6.1, `cnf.jkt`. */
function boundTo({ cnf }: Claims, thumbprint: string | undefined): string {
  const jkt = typeof cnf === 'object' && cnf !== null && 'jkt' in cnf ? cnf.jkt : undefined;
  if (typeof jkt !== 'string') return 'bound to none: whoever has the token can use it';
  const whose =
    thumbprint === undefined ? '' : jkt === thumbprint ? ', the key of this session' : ', another than this session’s';
  return `bound to ${printable(jkt)}${whose}`;
}

/** A claim that is longer is cut in words; `--json` has it whole. Characters. */
const MAX_SHOWN = 2000;

function cut(text: string): string {
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}… (${text.length} characters)` : text;
}

function rows(values: Claims, isInstant: (name: string) => boolean, now: number): string[] {
  const width = Math.min(
    40,
    Math.max(
      ...Object.keys(values)
        .slice(0, 1000)
        .map((name) => name.length),
    ),
  );
  return Object.entries(values).map(([name, value]) => {
    const text =
      isInstant(name) && typeof value === 'number' ? `${value}  ${instant(value, now)}` : cut(printableJson(value));
    return `  ${cut(printable(name)).padEnd(width)}  ${text}`;
  });
}

/** RFC 7519 §2, NumericDate: seconds since the epoch. One beyond what a date can be is shown as it is. */
function instant(seconds: number, now: number): string {
  const date = new Date(seconds * 1000);
  if (Number.isNaN(date.getTime())) return String(seconds);
  const iso = date.toISOString();
  return date.getTime() > now ? `${iso} (${timeLeft(iso, now)})` : `${iso} (past)`;
}
