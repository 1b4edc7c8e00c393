/** One emulator of several on a store, as a process of its own: `replica OPTIONS` with StartOptions as JSON. */
import { randomBytes } from 'node:crypto';
import type { StartOptions } from '../../src/emulator/emulator.js';
import { startEmulator } from '../../src/emulator/server.js';

const options = JSON.parse(process.argv[2] ?? '{}') as StartOptions;
const onBug = (error: Error): void => console.error(error.stack);
const emulator = await startEmulator({ ...options, onBug }, { now: Date.now, randomBytes });
console.log(JSON.stringify(emulator.ready));
process.once('SIGTERM', () => void emulator.stop());
