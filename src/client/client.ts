/** `stepup`: the client that the commands use, for programs, on the same store. */
export { createClient } from './create.js';
export { StepupError, type ErrorCode } from '../errors.js';
export type * from './types.js';
