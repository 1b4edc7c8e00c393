/** `stepup/verify`: whether a request may come in, for backends. */
export { createVerifier } from './verifier.js';
export type * from './types.js';
