/** Who a request is about: nothing here is verified, and nothing but a fault's match looks at it. */
import { parse as parseCookies } from 'hono/utils/cookie';
import { aliasOf } from './dynamic/credentials.js';
import { findUser as findDynamicUser } from './dynamic/users.js';
import { findRefresh } from './prelude/sessions.js';
import { findUser as findPreludeUser } from './prelude/users.js';
import { findVerification } from './prelude/verifications.js';
import { canonicalIdentity } from './scenarios.js';
import type { TenantPlace } from './tenant-place.js';

/** A request as it came. */
export interface Asked {
  path: string;
  header(name: string): string | undefined;
  body: string;
}

const MAX_DEPTH = 8;
const COMPACT_JWS = /^[\w-]+\.([\w-]+)\.[\w-]*$/;

/**
 * Every string in the JSON body, every segment of the path; users and sessions of the tokens among body, headers and cookies; and under
 * what these users are known. In the form in which identities are compared.
 */
export async function identitiesOf(place: TenantPlace, { path, header, body }: Asked): Promise<Set<string>> {
  const bearer = /^Bearer (.+)$/i.exec(header('authorization') ?? '')?.[1];
  const opaque = [header('x-refresh-token'), header('x-verification-token')];
  const cookies = Object.values(parseCookies(header('cookie') ?? ''));
  const segments = path.split('/');
  const surface = [...segments, ...stringsIn(parseJson(body), 0)];
  const secrets = [bearer, ...opaque, ...cookies].filter((text) => text !== undefined);

  const subjects = [...surface, ...secrets].flatMap(subjectsOf);
  for (const secret of secrets) subjects.push(...(await ownersOf(place, secret)));
  const names: string[] = [];
  // Whoever is named in a body is not looked up: it can name thousands.
  for (const id of new Set([...segments, ...subjects])) names.push(...(await namesOf(place, id)));
  return new Set([...surface, ...subjects, ...names].map(canonicalIdentity));
}

/** Prelude: whose refresh token it is, or to whom the code of a verification token went. */
async function ownersOf(place: TenantPlace, secret: string): Promise<string[]> {
  const refresh = await findRefresh(place, secret);
  if (refresh) return [refresh.session.id, refresh.session.userId];
  const verification = await findVerification(place, secret);
  return verification ? [verification.to] : [];
}

/** Under what a user is known at either service. */
async function namesOf(place: TenantPlace, id: string): Promise<string[]> {
  const prelude = await findPreludeUser(place, id);
  const dynamic = await findDynamicUser(place, id);
  return [...(prelude?.identifiers ?? []).map(({ value }) => value), ...(dynamic?.credentials ?? []).map(aliasOf)];
}

function stringsIn(value: unknown, depth: number): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null || depth >= MAX_DEPTH) return [];
  return Object.values(value).flatMap((inner) => stringsIn(inner, depth + 1));
}

function subjectsOf(token: string): string[] {
  const payload = COMPACT_JWS.exec(token)?.[1];
  if (payload === undefined) return [];
  const claims = parseJson(Buffer.from(payload, 'base64url').toString('utf8'));
  if (typeof claims !== 'object' || claims === null) return [];
  const named: { sub?: unknown; sid?: unknown } = claims;
  return [named.sub, named.sid].filter((id) => typeof id === 'string');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not JSON, so nobody is named in it; the route says what is wrong with it.
    return undefined;
  }
}
