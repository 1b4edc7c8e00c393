/** Checks of what a user gives, before anything goes over the network. Each throws UsageError with the field's name. */
import { UsageError } from '../../errors.js';

const SCOPE = /^[a-zA-Z0-9.\-_:]+$/;

/** A scope: letters, digits, `.`, `-`, `_`, `:`. Throws UsageError SCOPE_INVALID. */
export function parseScope(text: string, field = 'scope'): string {
  if (SCOPE.test(text)) return text;
  throw new UsageError('SCOPE_INVALID', text === '' ? 'The scope is empty.' : `This is no scope: "${text}".`, {
    field,
    hint: 'A scope has letters, digits and . - _ : only, as in transfer:write.',
  });
}
