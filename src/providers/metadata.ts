/** Facts that go with a request, to a hook and to whoever answers the challenge. Prelude: its limits of `metadata`; they are kept everywhere. */
import { UsageError } from '../errors.js';

const MAX_ENTRIES = 5;
const MAX_KEY = 12;
const MAX_VALUE = 32;
/** The value of `identifier`, which the register scopes carry. */
const MAX_IDENTIFIER = 320;
const REGISTER_SCOPES = ['prld:phone:register', 'prld:email:register'];

/**
 * The metadata of a step-up request: at most 5 entries, keys of at most 12 characters, values of at most 32 (320 for
 * `identifier` under a register scope). Throws UsageError METADATA_INVALID that names the limit and by how much it is passed.
 */
export function parseMetadata(metadata: Record<string, string>, scope?: string): Record<string, string> {
  const entries = Object.entries(metadata);
  if (entries.length > MAX_ENTRIES) {
    const over = entries.length - MAX_ENTRIES;
    throw invalid('metadata', `Metadata has ${entries.length} entries, ${over} more than the ${MAX_ENTRIES} allowed.`);
  }
  for (const [key, value] of entries) {
    const field = `metadata.${key}`;
    if (key === '') throw invalid('metadata', 'A metadata key is empty.');
    checkLength(field, `The metadata key "${key}"`, key, MAX_KEY);
    const registers = key === 'identifier' && scope !== undefined && REGISTER_SCOPES.includes(scope);
    checkLength(field, `The metadata value of "${key}"`, value, registers ? MAX_IDENTIFIER : MAX_VALUE);
  }
  return metadata;
}

function checkLength(field: string, what: string, text: string, limit: number): void {
  const length = Array.from(text).length;
  if (length <= limit) return;
  throw invalid(field, `${what} has ${length} characters, ${length - limit} more than the ${limit} allowed.`);
}

function invalid(field: string, message: string): UsageError {
  return new UsageError('METADATA_INVALID', message, {
    field,
    hint: `At most ${MAX_ENTRIES} entries, keys of ${MAX_KEY} characters, values of ${MAX_VALUE}.`,
  });
}
