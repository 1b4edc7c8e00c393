/** Key sets of developers' backends (RFC 7517), for custom steps: fetched, and kept for ten minutes. */
import { createPublicKey, type KeyObject } from 'node:crypto';
import * as v from 'valibot';
import { shown } from '../shown.js';
import { callOut } from '../callout.js';

const KEPT_MS = 10 * 60_000;
const MAX_SETS = 100;
const LIMITS = {
  method: 'GET',
  headers: { accept: 'application/json' },
  timeoutMs: 5000,
  maxBytes: 64 * 1024,
} as const;

const KeySetBody = v.object({
  keys: v.array(
    v.looseObject({
      kty: v.string(),
      kid: v.optional(v.string()),
      use: v.optional(v.string()),
      alg: v.optional(v.string()),
    }),
  ),
});
type Jwk = v.InferOutput<typeof KeySetBody>['keys'][number];

interface KeptSet {
  fetchedAt: number;
  keys: Map<string, KeyObject>;
}

export class KeySets {
  private readonly sets = new Map<string, KeptSet>();

  /**
   * The RSA key of a `kid`. A set is fetched when it is older than ten minutes by `now` (milliseconds, age clock) or lacks the
   * `kid`. A string says in words why there is no key.
   */
  async find(tenant: string, address: string, kid: string, now: number): Promise<KeyObject | string> {
    const name = `${tenant} ${address}`;
    const kept = this.sets.get(name);
    const fresh = kept && now >= kept.fetchedAt && now - kept.fetchedAt < KEPT_MS ? kept.keys.get(kid) : undefined;
    if (fresh) return fresh;
    const fetched = await fetchSet(address);
    if (typeof fetched === 'string') return fetched;
    if (this.sets.size >= MAX_SETS && !kept) this.sets.clear();
    this.sets.set(name, { fetchedAt: now, keys: fetched });
    return fetched.get(kid) ?? `kid: expected one of the key set, got ${shown(kid)}`;
  }
}

async function fetchSet(address: string): Promise<Map<string, KeyObject> | string> {
  const result = await callOut(address, LIMITS);
  if (result.outcome !== 'answered') {
    return `jwks_url: ${result.outcome === 'failed' ? result.words : 'expected at most 64 KB, got more'}`;
  }
  if (result.status !== 200) return `jwks_url: expected status 200, got ${result.status}`;
  const keys = new Map<string, KeyObject>();
  try {
    for (const jwk of v.parse(KeySetBody, JSON.parse(result.body.toString('utf8'))).keys) {
      const key = isForSigning(jwk) ? publicKeyOf(jwk) : undefined;
      if (jwk.kid && key) keys.set(jwk.kid, key);
    }
  } catch {
    return 'jwks_url: expected a JSON Web Key Set, got something else';
  }
  return keys;
}

function publicKeyOf(jwk: Jwk): KeyObject | undefined {
  try {
    return createPublicKey({ key: jwk, format: 'jwk' });
  } catch {
    // One broken key does not spoil the others; whoever names it is told that the set lacks it.
    return undefined;
  }
}

/** RFC 7517 §5: keys of other kinds, for other uses and of other algorithms are passed over. */
function isForSigning({ kty, use = 'sig', alg = 'RS256' }: Jwk): boolean {
  return kty === 'RSA' && use === 'sig' && alg === 'RS256';
}
