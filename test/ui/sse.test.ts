import { expect, it } from 'vitest';
import { createSseReader } from '../../src/ui/sse.js';

const STREAM = ': connected\n\nid: 1\ndata: {"a":1}\n\ndata: one\ndata: two\n\n: all so far\n\ndata: unfinished';
const READ = ['comment connected', 'data {"a":1}', 'data one\ntwo', 'comment all so far'];

function read(...pieces: string[]): string[] {
  const seen: string[] = [];
  const take = createSseReader({
    data: (text) => seen.push(`data ${text}`),
    comment: (text) => seen.push(`comment ${text}`),
  });
  pieces.forEach(take);
  return seen;
}

it('reads events and comments, and waits for the end of what is under way', () => {
  expect(read(STREAM)).toEqual(READ);
});

it('reads the same whatever the pieces are', () => {
  for (let at = 0; at < STREAM.length; at++) expect(read(STREAM.slice(0, at), STREAM.slice(at))).toEqual(READ);
  expect(read(...STREAM.split(/(?=[^])/))).toEqual(READ);
});
