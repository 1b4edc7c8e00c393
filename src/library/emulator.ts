/** `stepup/emulator`: the emulator for test suites. */
export { startEmulator, type EmulatorOptions } from './start.js';
export { connectEmulator, type EmulatorPlace } from './connect.js';
export { EmulatorError, type ControlPlace } from './call.js';
export { StepupError, type ErrorCode } from '../errors.js';
export type * from './types.js';
