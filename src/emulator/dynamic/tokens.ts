/** The only place that signs. Synchronous `node:crypto`; the key is loaded once, when it is first needed. */
import { createHmac } from 'node:crypto';
import { readJws, signJws, type Claims } from '../jws.js';
import type { PublicJwk, SigningKey } from '../key-files.js';
import type { KeyStore } from '../key-store.js';
import type { KeyRing } from '../rotation.js';
import { loadKeys, type Keys } from './keys.js';

/** Characters that a token may have. */
export const MAX_TOKEN = 32 * 1024;

export class Tokens {
  private loading: Promise<Keys> | undefined;

  constructor(
    private readonly store: KeyStore,
    private readonly parent?: { tokens: Tokens; ring: (base: SigningKey) => KeyRing },
  ) {}

  /** The same with a tenant's own keys of tokens. */
  of(ring: (base: SigningKey) => KeyRing): Tokens {
    return new Tokens(this.store, { tokens: this, ring });
  }

  /** The key with which the service began to sign. */
  async base(): Promise<SigningKey> {
    return (await this.keys()).access;
  }

  private async ring(): Promise<KeyRing> {
    const base = await this.base();
    return this.parent?.ring(base) ?? [base];
  }

  /** Signs RS256. Dynamic: `kid` is among the claims as well as in the header. */
  async sign(claims: Claims): Promise<string> {
    const [key] = await this.ring();
    return signJws(key, 'JWT', { kid: key.kid, ...claims });
  }

  /** Claims of a token that this service signed, whatever its kind and age; undefined for anything else. */
  async read(token: string): Promise<Claims | undefined> {
    for (const key of await this.ring()) {
      const jws = readJws(key, token, MAX_TOKEN);
      if (jws) return jws.payload;
    }
    return undefined;
  }

  /** The key set that verifies this service's tokens. */
  async keySet(): Promise<{ keys: PublicJwk[] }> {
    return { keys: (await this.ring()).map(({ jwk }) => jwk) };
  }

  /** 32 bytes that only this service can make of a text. */
  async derive(text: string): Promise<Buffer> {
    return createHmac('sha256', (await this.keys()).secret)
      .update(text)
      .digest();
  }

  private keys(): Promise<Keys> {
    if (this.parent) return this.parent.tokens.keys();
    // One that failed is tried again: a store may be back.
    this.loading ??= loadKeys(this.store).catch((error: unknown) => {
      this.loading = undefined;
      throw error;
    });
    return this.loading;
  }
}
