/** Takes secrets out of what a program prints. */
import { Transform } from 'node:stream';

const MASK = '***';

/**
 * A stream that lets bytes through with each of the secrets replaced by `***`, also where one comes in pieces. What may be the beginning of
 * one is held back until more comes, or the end. The secrets are ASCII; more may be added to the list at any time.
 */
export function maskStream(secrets: readonly string[]): Transform {
  let held = '';
  return new Transform({
    transform(piece: Buffer, _encoding, done) {
      // Latin 1 has one character a byte: what is no text comes out as it was.
      const longestFirst = secrets.toSorted((a, b) => b.length - a.length);
      const text = longestFirst.reduce((all, secret) => all.replaceAll(secret, MASK), held + piece.toString('latin1'));
      const from = text.length - Math.max(0, ...longestFirst.map((secret) => overlap(text, secret)));
      held = text.slice(from);
      done(null, Buffer.from(text.slice(0, from), 'latin1'));
    },
    flush(done) {
      done(null, Buffer.from(held, 'latin1'));
    },
  });
}

/** How many characters at the end of the text are the beginning of the secret. */
function overlap(text: string, secret: string): number {
  for (let length = Math.min(text.length, secret.length - 1); length > 0; length -= 1) {
    if (text.endsWith(secret.slice(0, length))) return length;
  }
  return 0;
}
