import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

/**
 * `unit` is the everyday loop; `whole` walks tutorials, guides and real processes; `judge` runs the official SDKs, installed in
 * test/judge.
 */
export default defineConfig({
  test: {
    // Tests wait for sockets and child processes as much as they compute.
    maxWorkers: availableParallelism() + 1,
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/**/*.whole.test.ts', 'test/judge/**', '**/node_modules/**'],
          testTimeout: 15_000,
          // Files share a worker's modules: nothing of ours keeps state in one, and loading them anew costs a third of the run.
          isolate: false,
        },
      },
      {
        test: {
          name: 'whole',
          include: ['test/**/*.whole.test.ts'],
          exclude: ['**/node_modules/**'],
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: 'judge',
          include: ['test/judge/**/*.test.ts'],
          exclude: ['**/node_modules/**'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
