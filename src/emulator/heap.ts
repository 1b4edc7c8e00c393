/** The process's memory: what is free is not held for long. Both change flags of V8, so they are for a process of our own. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * Lets the heap grow by a third between two collections of it all. By itself V8 lets it double, and whoever has many logins in a minute
 * keeps the room of their garbage, in and beside the heap, for good.
 */
export function limitGrowth(): void {
  setFlagsFromString('--heap-growing-percent=30');
}

/**
 * Lets V8 collect its garbage now, a pause of some milliseconds for each MiB that lives: it looks at its heap only as more is allocated, and
 * a server that nobody calls after a busy time would keep what it had then.
 */
export function collectGarbage(): void {
  // What lives is moved together: in between it would hold nearly every page.
  setFlagsFromString('--expose-gc --compact-on-every-full-gc');
  (runInNewContext('gc') as () => void)();
  setFlagsFromString('--no-compact-on-every-full-gc');
}
