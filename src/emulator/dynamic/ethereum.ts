/** Who signed: EIP-191 personal messages on secp256k1. Loaded late, as only wallets need the curve. */

const SIGNATURE = /^0x[0-9a-fA-F]{130}$/;

/**
 * The address whose key made this `personal_sign` signature over the text, in lower case; undefined when it is no signature of 65
 * bytes `r‖s‖v` that a key could have made.
 */
export async function recoverAddress(text: string, signature: string): Promise<string | undefined> {
  if (!SIGNATURE.test(signature)) return undefined;
  const [{ secp256k1 }, { keccak_256 }] = await Promise.all([
    import('@noble/curves/secp256k1.js'),
    import('@noble/hashes/sha3.js'),
  ]);
  const bytes = Buffer.from(signature.slice(2), 'hex');
  const v = bytes.readUInt8(64);
  const recovery = v >= 27 ? v - 27 : v;
  if (recovery > 1) return undefined;
  const message = Buffer.from(text, 'utf8');
  const prefix = Buffer.from(`\x19Ethereum Signed Message:\n${message.length}`, 'utf8');
  try {
    const compact = secp256k1.Signature.fromBytes(bytes.subarray(0, 64), 'compact').addRecoveryBit(recovery);
    const point = compact.recoverPublicKey(keccak_256(Buffer.concat([prefix, message])));
    const hash = keccak_256(point.toBytes(false).subarray(1));
    return `0x${Buffer.from(hash.subarray(12)).toString('hex')}`;
  } catch {
    // Numbers out of range, or no point with that x: nobody made it.
    return undefined;
  }
}
