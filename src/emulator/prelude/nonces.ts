/** DPoP nonces (RFC 9449 §8): each tells when it was made and is sealed, so that none needs to be stored. */
import { createHmac, timingSafeEqual } from 'node:crypto';

const LIFETIME_MS = 5 * 60_000;
const STAMP_BYTES = 6;
const SEAL_BYTES = 16;

export class Nonces {
  constructor(private readonly secret: Buffer) {}

  /** A nonce that is good for five minutes from `now` (milliseconds on the tenant's age clock). */
  issue(tenant: string, now: number): string {
    const stamp = Buffer.alloc(STAMP_BYTES);
    stamp.writeUIntBE(Math.max(0, Math.floor(now)), 0, STAMP_BYTES);
    return Buffer.concat([stamp, this.seal(tenant, stamp)]).toString('base64url');
  }

  /** True when this service made the nonce for the tenant, at most five minutes ago. Earlier ones stay good beside newer ones. */
  accepts(nonce: string, tenant: string, now: number): boolean {
    const issuedAt = this.issuedAt(nonce, tenant);
    if (issuedAt === undefined) return false;
    const age = Math.floor(now) - issuedAt;
    return age >= 0 && age <= LIFETIME_MS;
  }

  /** When this service made the nonce for the tenant; undefined for one that it did not make. Milliseconds, age clock. */
  issuedAt(nonce: string, tenant: string): number | undefined {
    const bytes = Buffer.from(nonce, 'base64url');
    if (bytes.length !== STAMP_BYTES + SEAL_BYTES) return undefined;
    const stamp = bytes.subarray(0, STAMP_BYTES);
    const own = timingSafeEqual(bytes.subarray(STAMP_BYTES), this.seal(tenant, stamp));
    return own ? stamp.readUIntBE(0, STAMP_BYTES) : undefined;
  }

  private seal(tenant: string, stamp: Buffer): Buffer {
    return createHmac('sha256', this.secret).update(stamp).update(tenant).digest().subarray(0, SEAL_BYTES);
  }
}
