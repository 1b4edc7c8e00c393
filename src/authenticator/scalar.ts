/** Private keys of elliptic curves: numbers from 1 to one below the curve's order (SEC 1 §3.2.1). */

/** The order of P-256 (SEC 2 §2.4.2). */
export const P256_ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
/** The order of secp256k1 (SEC 2 §2.4.1). */
export const SECP256K1_ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

/** The worst case, P-256, refuses one draw in 2^32: a source that fails this often is broken. */
const MAX_DRAWS = 8;

/** Whether 32 bytes are a private key of the curve with this order. */
export function isScalar(bytes: Uint8Array, order: bigint): boolean {
  const value = BigInt(`0x${Buffer.from(bytes).toString('hex') || '0'}`);
  return bytes.length === 32 && value > 0n && value < order;
}

/** Draws a private key, 32 bytes. Throws TypeError when the source of randomness gives none. */
export function drawScalar(randomBytes: (size: number) => Uint8Array, order: bigint): Uint8Array {
  for (let draw = 0; draw < MAX_DRAWS; draw++) {
    const bytes = randomBytes(32);
    if (isScalar(bytes, order)) return bytes;
  }
  throw new TypeError('The source of randomness gives no private key.');
}
