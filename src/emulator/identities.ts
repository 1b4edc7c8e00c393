/** Who a request is about, read off its surface: nothing here is verified, and nothing but a fault's match looks at it. */

const MAX_DEPTH = 8;
const COMPACT_JWS = /^[\w-]+\.([\w-]+)\.[\w-]*$/;

/**
 * Every string in the JSON body, every segment of the path, and `sub` and `sid` of the tokens among body and `Authorization`.
 * An opaque refresh token says nothing of its user.
 */
export function identitiesIn(path: string, authorization: string | undefined, body: string): Set<string> {
  const bearer = /^Bearer (.+)$/i.exec(authorization ?? '')?.[1] ?? '';
  const found = new Set<string>();
  for (const text of [...path.split('/'), bearer, ...stringsIn(parseJson(body), 0)]) {
    found.add(text);
    for (const id of subjectsOf(text)) found.add(id);
  }
  return found;
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
