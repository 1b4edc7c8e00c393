/** Ids and codes, all from one source of randomness. */

/** Fills `size` bytes; the emulator's own source comes in through it. */
export type RandomBytes = (size: number) => Uint8Array;

const CODE_SIZE = 6;
const NONCE_BYTES = 16;

/** A random UUID, version 4 (RFC 9562 §5.4). */
export function newUuid(randomBytes: RandomBytes): string {
  const bytes = Buffer.from(randomBytes(16));
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x40, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** Dynamic: a code of six digits, each of the million equally likely. */
export function newCode(randomBytes: RandomBytes): string {
  const codes = 10 ** CODE_SIZE;
  const limit = Math.floor(2 ** 32 / codes) * codes;
  for (;;) {
    const drawn = Buffer.from(randomBytes(4)).readUInt32BE(0);
    if (drawn < limit) return String(drawn % codes).padStart(CODE_SIZE, '0');
  }
}

/** 32 hexadecimal digits: a nonce by the grammar of EIP-4361. */
export function newNonce(randomBytes: RandomBytes): string {
  return Buffer.from(randomBytes(NONCE_BYTES)).toString('hex');
}
