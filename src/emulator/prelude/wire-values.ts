/** Values that many bodies have. */
import * as v from 'valibot';

/** Prelude: id of the signals that the SDK has sent. Taken and not used. */
export const DispatchId = v.optional(v.pipe(v.string(), v.maxLength(64)));

/** A token that this service has made. */
export const Token = v.pipe(v.string(), v.minLength(1), v.maxLength(16 * 1024));
