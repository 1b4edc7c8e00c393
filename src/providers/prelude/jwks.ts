/** The application's published keys: of access tokens, and of the signatures on hook calls (Prelude: well-known). */
import * as v from 'valibot';
import type { Http } from '../../http/client.js';
import type { PreludeTarget } from '../target.js';
import { refusalError, refusalOf } from './errors.js';
import { parseAnswer } from '../parse.js';

const jwkSchema = v.looseObject({
  kty: v.string(),
  kid: v.optional(v.string()),
  alg: v.optional(v.string()),
  use: v.optional(v.string()),
  n: v.optional(v.string()),
  e: v.optional(v.string()),
});
const jwksSchema = v.object({ keys: v.array(jwkSchema) });

export type PublicJwk = v.InferOutput<typeof jwkSchema>;

export interface Jwks {
  /** All keys, fetched now. Throws UnreachableError, RefusedError. */
  fetch(): Promise<PublicJwk[]>;
  /** The key with this id, from the cache or fetched when it is not in it; undefined when the service has none such. */
  key(kid: string): Promise<PublicJwk | undefined>;
}

/** Milliseconds. */
const CACHE_MS = 600_000;
/** An id that the service does not know is not asked for again within this time. Milliseconds. */
const REFETCH_MS = 10_000;
const MAX_MISSES = 50;

/** Binds the key set of one application: cached for ten minutes, fetched again for an unknown id. `now` is in milliseconds. */
export function createJwks(options: { http: Http; target: PreludeTarget; now(): number }): Jwks {
  const { http, target, now } = options;
  let cache: { keys: PublicJwk[]; at: number } | undefined;
  /** Unknown ids, with when they were asked for. */
  const misses = new Map<string, number>();
  let fetching: Promise<PublicJwk[]> | undefined;

  async function load(): Promise<PublicJwk[]> {
    const url = `${target.frontendUrl.replace(/\/+$/, '')}/.well-known/jwks.json`;
    const answer = await http.send({ method: 'GET', url });
    const refusal = refusalOf(answer, (text) => http.redact(text));
    if (refusal) throw refusalError(refusal);
    const { keys } = parseAnswer(jwksSchema, answer.json, 'jwks.json');
    cache = { keys, at: now() };
    return keys;
  }

  function fetch(): Promise<PublicJwk[]> {
    fetching ??= load().finally(() => (fetching = undefined));
    return fetching;
  }

  return {
    fetch,
    async key(kid) {
      const byId = (key: PublicJwk): boolean => key.kid === kid;
      const cached = cache && now() - cache.at < CACHE_MS ? cache.keys.find(byId) : undefined;
      if (cached) return cached;
      const missedAt = misses.get(kid);
      if (missedAt !== undefined && now() - missedAt < REFETCH_MS) return undefined;
      const found = (await fetch()).find(byId);
      if (misses.size >= MAX_MISSES) misses.clear();
      if (found) misses.delete(kid);
      else misses.set(kid, now());
      return found;
    },
  };
}
