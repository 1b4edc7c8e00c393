import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createSeededRandom } from '../../src/emulator/rng.js';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

describe('repeatable randomness', () => {
  it('is HMAC-SHA256 of a counter under a key of text and tenant', () => {
    const key = createHmac('sha256', 'tests').update('stepup emulator default').digest();
    const block = (last: number): Buffer =>
      createHmac('sha256', key)
        .update(Buffer.from([0, 0, 0, 0, 0, 0, 0, last]))
        .digest();
    const draw = createSeededRandom('tests').of('default');
    expect(hex(draw(4))).toBe(hex(block(0).subarray(0, 4)));
    expect(hex(draw(40))).toBe(hex(Buffer.concat([block(1), block(2)]).subarray(0, 40)));
    expect(hex(draw(1))).toBe(hex(block(3).subarray(0, 1)));
  });

  it('gives each tenant a stream that the others do not disturb', () => {
    const one = createSeededRandom('tests');
    const other = createSeededRandom('tests');
    one.of('b')(100);
    expect(hex(one.of('a')(16))).toBe(hex(other.of('a')(16)));
    expect(hex(one.of('a')(16))).not.toBe(hex(other.of('b')(16)));
    expect(hex(createSeededRandom('more tests').of('a')(16))).not.toBe(hex(createSeededRandom('tests').of('a')(16)));
  });

  it('goes on from any place', () => {
    const random = createSeededRandom('tests');
    const draw = random.of('a');
    draw(33);
    expect(random.position('a')).toBe(2);
    const next = hex(draw(8));
    random.moveTo('a', 2);
    expect(hex(draw(8))).toBe(next);
  });
});
