import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { oneAtATime } from '../../src/resource/turns.js';

test('work is done in its order, one after another, whatever fails', async () => {
  const inTurn = oneAtATime();
  const seen: string[] = [];
  const work = (name: string) => async (): Promise<string> => {
    seen.push(`${name} begins`);
    await setImmediate();
    seen.push(`${name} ends`);
    if (name === 'a') throw new Error('a has failed');
    return name;
  };
  const all = await Promise.allSettled([inTurn(work('a')), inTurn(work('b')), inTurn(work('c'))]);
  expect(seen).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
  expect(all.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled']);
});

test('what work asks for itself does not wait for its end', async () => {
  const inTurn = oneAtATime();
  expect(await inTurn(() => inTurn(async () => 'within'))).toBe('within');
});
