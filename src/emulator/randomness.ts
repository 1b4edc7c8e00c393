/** Ids and codes that both services have, from one source of randomness. */

import type { TenantPlace } from './tenant-place.js';

/** Fills `size` bytes; the emulator's own source comes in through it. */
export type RandomBytes = (size: number) => Uint8Array;

/** A random UUID, version 4 (RFC 9562 §5.4). */
export function newUuid(randomBytes: RandomBytes): string {
  const bytes = Buffer.from(randomBytes(16));
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x40, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/**
 * The code to send to an identity: the one that the seed pins for it, else a random one. `length` is 4 to 8; a service that takes no
 * other length is not sent a pinned code of another.
 */
export async function drawCode(
  { services, tenant }: TenantPlace,
  identity: string,
  { length, only = false }: { length: number; only?: boolean },
): Promise<string> {
  const { code } = await services.scenario(tenant.id, identity);
  const fits = code !== undefined && (!only || code.length === length);
  return fits ? code : newCode(length, services.randomBytes);
}

/** A numeric code, each of the 10^`length` equally likely. `length` is 4 to 8. */
export function newCode(length: number, randomBytes: RandomBytes): string {
  const codes = 10 ** length;
  const limit = Math.floor(2 ** 32 / codes) * codes;
  for (;;) {
    const drawn = Buffer.from(randomBytes(4)).readUInt32BE(0);
    if (drawn < limit) return String(drawn % codes).padStart(length, '0');
  }
}
