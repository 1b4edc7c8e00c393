import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { maskStream } from '../../../src/cli/exec/mask.js';

const SECRET = 'eyJ-first.eyJ-second.third';

async function masked(pieces: (string | Buffer)[], secrets = [SECRET]): Promise<Buffer> {
  const from = Readable.from(pieces.map((piece) => Buffer.from(piece as string)));
  return buffer(from.pipe(maskStream(secrets)));
}

test.each<[string, string[], string]>([
  ['in one piece', [`a ${SECRET} b`], 'a *** b'],
  ['twice', [`${SECRET}${SECRET}`], '******'],
  ['a letter at a time', `x${SECRET}y${SECRET}`.split(''), 'x***y***'],
  ['cut in the middle', ['say eyJ-first.eyJ', '-second.third now'], 'say *** now'],
  ['its beginning, and then something else', ['eyJ-first.', 'eyJ-other'], 'eyJ-first.eyJ-other'],
  ['its beginning, and then the end', ['eyJ-first.'], 'eyJ-first.'],
  ['its beginning twice', ['eyJ-eyJ-first.eyJ-', 'second.third'], 'eyJ-***'],
  ['nothing', [], ''],
])('%s', async (_, pieces, expected) => {
  expect((await masked(pieces)).toString()).toBe(expected);
});

test('a secret that is learnt later is masked from then on', async () => {
  const secrets = ['first-secret'];
  const filter = maskStream(secrets);
  filter.write('second-secret first-secret\n');
  secrets.push('second-secret');
  filter.end('second-secret first-secret\n');
  expect((await buffer(filter)).toString()).toBe('second-secret ***\n*** ***\n');
});

test('of two secrets with the same beginning, the longer is masked whole', async () => {
  expect((await masked(['secret-one-more', ' secret-one'], ['secret-one', 'secret-one-more'])).toString()).toBe(
    '*** ***',
  );
});

test('bytes that are no text come out as they were', async () => {
  const bytes = Buffer.from(Array.from({ length: 1024 }, (_, at) => at % 256));
  expect(await masked([bytes.subarray(0, 333), bytes.subarray(333)])).toEqual(bytes);
});
