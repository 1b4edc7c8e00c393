/** Key sets of developers' backends (RFC 7517), for custom steps: fetched, and kept for ten minutes. */
import { createPublicKey, type KeyObject } from 'node:crypto';
import * as v from 'valibot';
import { shown } from '../shown.js';
import type { CallOut } from '../callout.js';

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

/** RFC 7518 §6.3.2, §6.4.1: what nobody but the owner of a key may know. */
const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];

interface FetchedSet {
  keys: Map<string, KeyObject>;
  /** What is wrong with the set and does not keep it from being used, in words. */
  warnings: string[];
}

interface KeptSet {
  fetchedAt: number;
  keys: Map<string, KeyObject>;
}

export class KeySets {
  private readonly sets = new Map<string, KeptSet>();

  constructor(private readonly callOut: CallOut) {}

  /**
   * The RSA key of a `kid`. A set is fetched when it is older than ten minutes by `now` (milliseconds, age clock) or lacks the
   * `kid`. A string says in words why there is no key. `warn` is told what is wrong with a set that was fetched.
   */
  async find(
    { tenant, address, now }: { tenant: string; address: string; now: number },
    kid: string,
    warn: (words: string) => Promise<void>,
  ): Promise<KeyObject | string> {
    const name = `${tenant} ${address}`;
    const kept = this.sets.get(name);
    const fresh = kept && now >= kept.fetchedAt && now - kept.fetchedAt < KEPT_MS ? kept.keys.get(kid) : undefined;
    if (fresh) return fresh;
    const fetched = await fetchSet(address, this.callOut);
    if (typeof fetched === 'string') return fetched;
    if (this.sets.size >= MAX_SETS && !kept) this.sets.clear();
    for (const words of fetched.warnings) await warn(words);
    this.sets.set(name, { fetchedAt: now, keys: fetched.keys });
    return fetched.keys.get(kid) ?? `kid: expected one of the key set, got ${shown(kid)}`;
  }
}

async function fetchSet(address: string, callOut: CallOut): Promise<FetchedSet | string> {
  const result = await callOut(address, LIMITS);
  if (result.outcome !== 'answered') {
    return `jwks_url: ${result.outcome === 'failed' ? result.words : 'expected at most 64 KB, got more'}`;
  }
  if (result.status !== 200) return `jwks_url: expected status 200, got ${result.status}`;
  const keys = new Map<string, KeyObject>();
  const warnings: string[] = [];
  try {
    for (const jwk of v.parse(KeySetBody, JSON.parse(result.body.toString('utf8'))).keys) {
      if (PRIVATE_MEMBERS.some((member) => member in jwk)) {
        warnings.push(
          `A PRIVATE KEY IS PUBLISHED (kid ${jwk.kid ?? 'none'}): whoever reads it can sign as your backend`,
        );
      }
      const key = isForSigning(jwk) ? publicKeyOf(jwk) : undefined;
      if (jwk.kid && key && keys.has(jwk.kid))
        warnings.push(`kid ${jwk.kid}: expected one key, got several; the last is used`);
      if (jwk.kid && key) keys.set(jwk.kid, key);
    }
  } catch {
    return 'jwks_url: expected a JSON Web Key Set, got something else';
  }
  return { keys, warnings };
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
