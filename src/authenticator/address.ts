/** EVM addresses: the last 20 bytes of a public key's hash, as hex. */

/** The address of a secp256k1 private key (32 bytes), with its checksum. */
export async function addressOf(key: Uint8Array): Promise<string> {
  const { secp256k1 } = await import('@noble/curves/secp256k1.js');
  const point = secp256k1.getPublicKey(key, false).subarray(1);
  return checksummed(
    Buffer.from(await keccak(point))
      .subarray(12)
      .toString('hex'),
  );
}

/** EIP-55: 40 hex digits with `0x`, a letter in capitals where the hash of the address has its digit's high bit set. */
export async function checksummed(digits: string): Promise<string> {
  const lower = digits.toLowerCase();
  const hash = Buffer.from(await keccak(Buffer.from(lower, 'ascii'))).toString('hex');
  const letters = Array.from(lower, (letter, at) => ((hash[at] ?? '0') >= '8' ? letter.toUpperCase() : letter));
  return `0x${letters.join('')}`;
}

/** Whether two texts are one EVM address, whatever their case, with or without `0x`. What is no address is like nothing. */
export function sameAddress(one: string, other: string): boolean {
  const digits = (text: string): string | undefined => /^(?:0x)?([0-9a-f]{40})$/i.exec(text)?.[1]?.toLowerCase();
  const address = digits(one);
  return address !== undefined && address === digits(other);
}

/** Keccak-256, as Ethereum has it (before the padding of SHA-3). */
export async function keccak(data: Uint8Array): Promise<Uint8Array> {
  const { keccak_256 } = await import('@noble/hashes/sha3.js');
  return keccak_256(data);
}
