/** Lines of standard input, one at a time and only as many as are asked for; between them the input holds nothing open. */
import { InterruptedError } from '../errors.js';
import type { Input, System } from '../system.js';

export interface InputLines {
  /**
   * The next line that is not blank, without its end; undefined when the input has ended. A line beyond the limit is cut behind it: its
   * reader sees that it is too long. Throws InterruptedError.
   */
  next(): Promise<string | undefined>;
}

/** Reads from `stdin`. `limit` is in characters, and what is more than one over it is never kept. */
export function createInputLines({ stdin, signal }: Pick<System, 'stdin' | 'signal'>, limit: number): InputLines {
  let kept = '';
  let ended = false;
  return {
    async next() {
      try {
        for (;;) {
          const end = kept.indexOf('\n');
          if (end >= 0 || ended || kept.length > limit) {
            const line = (end < 0 ? kept : kept.slice(0, end)).trim();
            kept = end < 0 ? '' : kept.slice(end + 1);
            if (line !== '') return line.slice(0, limit + 1);
            if (ended && kept === '') return undefined;
            continue;
          }
          const chunk = await nextChunk(stdin, signal);
          if (chunk === undefined) ended = true;
          else kept += chunk;
        }
      } finally {
        stdin.pause();
      }
    },
  };
}

function nextChunk(stdin: Input, signal: AbortSignal): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const settle = (act: () => void): void => {
      stdin.off('readable', onReadable).off('end', onEnd).off('close', onEnd).off('error', onError);
      signal.removeEventListener('abort', onAbort);
      act();
    };
    const onReadable = (): void => {
      const chunk = stdin.read() as Buffer | string | null;
      if (chunk !== null) settle(() => resolve(chunk.toString()));
    };
    const onEnd = (): void => settle(() => resolve(undefined));
    const onError = (error: Error): void => settle(() => reject(error));
    const onAbort = (): void => settle(() => reject(new InterruptedError()));
    if (signal.aborted) return onAbort();
    if (stdin.readableEnded || stdin.destroyed) return onEnd();
    signal.addEventListener('abort', onAbort, { once: true });
    stdin.on('readable', onReadable).on('end', onEnd).on('close', onEnd).on('error', onError);
    onReadable();
  });
}
