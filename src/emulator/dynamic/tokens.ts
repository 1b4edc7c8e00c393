/** The only place that signs. Synchronous `node:crypto`; the key is loaded once, when it is first needed. */
import { createHmac } from 'node:crypto';
import { readJws, signJws, type Claims } from '../jws.js';
import type { PublicJwk } from '../key-files.js';
import { loadKeys, type Keys } from './keys.js';

/** Characters that a token may have. */
export const MAX_TOKEN = 32 * 1024;

export class Tokens {
  private loading: Promise<Keys> | undefined;

  constructor(private readonly folder: string) {}

  /** Signs RS256. Dynamic: `kid` is among the claims as well as in the header. */
  async sign(claims: Claims): Promise<string> {
    const { access } = await this.keys();
    return signJws(access, 'JWT', { kid: access.kid, ...claims });
  }

  /** Claims of a token that this service signed, whatever its kind and age; undefined for anything else. */
  async read(token: string): Promise<Claims | undefined> {
    return readJws((await this.keys()).access, token, MAX_TOKEN)?.payload;
  }

  /** The key set that verifies this service's tokens. */
  async keySet(): Promise<{ keys: PublicJwk[] }> {
    return { keys: [(await this.keys()).access.jwk] };
  }

  /** 32 bytes that only this service can make of a text. */
  async derive(text: string): Promise<Buffer> {
    return createHmac('sha256', (await this.keys()).secret)
      .update(text)
      .digest();
  }

  private keys(): Promise<Keys> {
    return (this.loading ??= loadKeys(this.folder));
  }
}
