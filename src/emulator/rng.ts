/** Repeatable randomness for `--rng-seed`: a stream of bytes a tenant, which follow from a text. Never for signing keys. */
import { createHmac } from 'node:crypto';
import type { RandomBytes } from './randomness.js';

const BLOCK_BYTES = 32;

export interface SeededRandom {
  /** The tenant's own stream, so that tenants used at once do not disturb each other. */
  of(tenant: string): RandomBytes;
  /** How many blocks of 32 bytes the tenant's stream has given. */
  position(tenant: string): number;
  /** Lets the tenant's stream go on from there. */
  moveTo(tenant: string, position: number): void;
}

/**
 * Streams that follow from a text: HMAC-SHA256 of a counter, under a key that is HMAC-SHA256 of the tenant's id under the text (the two
 * steps of RFC 5869 with a counter in place of the chain). Each call begins a new block.
 */
export function createSeededRandom(text: string): SeededRandom {
  const positions = new Map<string, number>();
  const streams = new Map<string, RandomBytes>();
  const position = (tenant: string): number => positions.get(tenant) ?? 0;
  return {
    position,
    moveTo: (tenant, given) => void positions.set(tenant, given),
    of(tenant) {
      const known = streams.get(tenant);
      if (known) return known;
      const key = createHmac('sha256', text).update(`stepup emulator ${tenant}`).digest();
      const stream: RandomBytes = (size) => {
        const first = position(tenant);
        const count = Math.ceil(size / BLOCK_BYTES);
        positions.set(tenant, first + count);
        const blocks = Array.from({ length: count }, (_, at) => block(key, first + at));
        return Buffer.concat(blocks).subarray(0, size);
      };
      streams.set(tenant, stream);
      return stream;
    },
  };
}

function block(key: Buffer, counter: number): Buffer {
  const message = Buffer.alloc(8);
  message.writeBigUInt64BE(BigInt(counter));
  return createHmac('sha256', key).update(message).digest();
}
