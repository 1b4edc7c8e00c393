/** Key sets of developers' backends (RFC 7517), for external assertions: fetched, and kept for ten minutes. */
import { createPublicKey, type KeyObject } from 'node:crypto';
import * as v from 'valibot';
import type { CallOut } from '../callout.js';
import { shown } from '../shown.js';
import { verifyEs256, verifyRs256, type Jws } from '../jws.js';

const KEPT_MS = 600_000;
const MAX_SETS = 100;
const LIMITS = { method: 'GET', headers: { accept: 'application/json' }, timeoutMs: 5000, maxBytes: 65_536 } as const;

const Body = v.object({ keys: v.array(v.looseObject({ kty: v.string(), kid: v.optional(v.string()) })) });

interface PublicKey {
  kid: string | undefined;
  key: KeyObject;
}

interface KeptSet {
  fetchedAt: number;
  keys: PublicKey[];
}

/** Signature algorithms that an assertion may have (RFC 7518 §3.1). */
const ALGORITHMS = new Map<unknown, { type: string; verify: typeof verifyRs256 }>([
  ['RS256', { type: 'rsa', verify: verifyRs256 }],
  ['ES256', { type: 'ec', verify: verifyEs256 }],
]);

export class KeySets {
  private readonly sets = new Map<string, KeptSet>();

  constructor(private readonly callOut: CallOut) {}

  /**
   * Whether a key of the set made the signature; words say why not. A set is fetched when it is older than ten minutes by `now`
   * (milliseconds, age clock) or lacks the token's `kid`.
   */
  async verify(tenant: string, address: string, jws: Jws, now: number): Promise<true | string> {
    const algorithm = ALGORITHMS.get(jws.header.alg);
    if (!algorithm) return `alg: expected RS256 or ES256, got ${shown(jws.header.alg)}`;
    const keys = await this.keysFor(`${tenant} ${address}`, address, jws.header.kid, now);
    if (typeof keys === 'string') return keys;
    const fitting = keys.filter(({ key }) => key.asymmetricKeyType === algorithm.type);
    return (
      fitting.some(({ key }) => algorithm.verify(jws, key)) ||
      'signature: expected one by a key of the set, got another'
    );
  }

  private async keysFor(name: string, address: string, kid: unknown, now: number): Promise<PublicKey[] | string> {
    const kept = this.sets.get(name);
    const fresh = kept && now >= kept.fetchedAt && now - kept.fetchedAt < KEPT_MS ? select(kept.keys, kid) : [];
    if (fresh.length > 0) return fresh;
    const keys = await fetchSet(address, this.callOut);
    if (typeof keys === 'string') return keys;
    if (this.sets.size >= MAX_SETS && !kept) this.sets.clear();
    this.sets.set(name, { fetchedAt: now, keys });
    const found = select(keys, kid);
    return found.length > 0 ? found : `kid: expected one of the key set, got ${shown(kid)}`;
  }
}

/** A token without a `kid` may be of any key. */
function select(keys: PublicKey[], kid: unknown): PublicKey[] {
  return kid === undefined ? keys : keys.filter((key) => key.kid === kid);
}

async function fetchSet(address: string, callOut: CallOut): Promise<PublicKey[] | string> {
  const result = await callOut(address, LIMITS);
  if (result.outcome === 'failed') return `jwksUrl: ${result.words}`;
  if (result.outcome === 'too_large') return 'jwksUrl: expected at most 64 KB, got more';
  if (result.status !== 200) return `jwksUrl: expected status 200, got ${result.status}`;
  try {
    return v
      .parse(Body, JSON.parse(result.body.toString('utf8')))
      .keys.filter(({ kty, crv }) => kty === 'RSA' || (kty === 'EC' && crv === 'P-256'))
      .map((jwk) => ({ kid: jwk.kid, key: createPublicKey({ key: jwk, format: 'jwk' }) }));
  } catch {
    return 'jwksUrl: expected a JSON Web Key Set, got something else';
  }
}
