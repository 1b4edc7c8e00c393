/** An object with names, which valibot's own objects are not: they take a list for one. */
import * as v from 'valibot';

/** Goes before a schema of an object's fields in a pipe. */
export const plainObject = v.custom<Record<string, unknown>>(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  'an object',
);
