/** The only place that signs: access tokens, challenge tokens, hook calls. */
import { constants, sign } from 'node:crypto';
import { readJws, signJws, type Claims } from '../jws.js';
import type { PublicJwk, SigningKey } from '../key-files.js';
import type { KeyRing } from '../rotation.js';
import type { Keys } from './keys.js';

/** Characters that a token may have. */
export const MAX_TOKEN = 16 * 1024;

const CHALLENGE_TYPE = 'challenge+jwt';

export class Tokens {
  /** `ring`: the keys of access tokens, where they have been rotated. */
  constructor(
    private readonly keys: Keys,
    private readonly ring: () => KeyRing = () => [keys.access],
  ) {}

  /** The same with a tenant's own keys of access tokens. */
  of(ring: (base: SigningKey) => KeyRing): Tokens {
    return new Tokens(this.keys, () => ring(this.keys.access));
  }

  /** The key with which the service began to sign access tokens. */
  get base(): SigningKey {
    return this.keys.access;
  }

  /** An access token: RS256 with the access key's `kid`. */
  signAccess(claims: Claims): Promise<string> {
    return signJws(this.ring()[0], 'JWT', claims);
  }

  /** Prelude: a challenge token, ES256 with the step-up key. Its `typ` keeps it apart from an access token. */
  signChallenge(claims: Claims): Promise<string> {
    return signJws(this.keys.challenge, CHALLENGE_TYPE, claims);
  }

  /** Claims of an access token that this service signed, whatever its age; undefined for anything else. */
  readAccess(token: string): Claims | undefined {
    for (const key of this.ring()) {
      const jws = readJws(key, token, MAX_TOKEN);
      if (jws) return jws.payload;
    }
    return undefined;
  }

  /** Claims of a challenge token that this service signed, whatever its age; undefined for anything else. */
  readChallenge(token: string): Claims | undefined {
    const jws = readJws(this.keys.challenge, token, MAX_TOKEN);
    return jws?.header.typ === CHALLENGE_TYPE ? jws.payload : undefined;
  }

  /** Prelude: signature of a hook call: RSASSA-PSS, SHA-256, salt of 32 bytes, over the raw body; base64url. */
  signHook(body: Uint8Array): { signature: string; kid: string } {
    const { privateKey: key, kid } = this.ring()[0];
    const signature = sign('sha256', body, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 });
    return { signature: signature.toString('base64url'), kid };
  }

  /** Key set of access tokens and hook signatures. */
  accessKeySet(): { keys: PublicJwk[] } {
    return { keys: this.ring().map(({ jwk }) => jwk) };
  }

  /** Key set of challenge tokens. */
  challengeKeySet(): { keys: PublicJwk[] } {
    return { keys: [this.keys.challenge.jwk] };
  }
}
