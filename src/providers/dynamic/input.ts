/** Checks of what a user gives, before anything goes over the network. Each throws UsageError with the field's name. */
import { UsageError } from '../../errors.js';

/** Scopes, each once: words with `:` between. Throws UsageError SCOPE_INVALID and SCOPE_COUNT. */
export function parseScopes(scopes: readonly string[], field = 'scope'): string[] {
  if (scopes.length === 0) {
    throw new UsageError('SCOPE_COUNT', 'At least one scope is needed.', { field });
  }
  return [...new Set(scopes.map((scope) => parseScope(scope, field)))];
}

/** One scope. Throws UsageError SCOPE_INVALID. */
export function parseScope(text: string, field = 'scope'): string {
  if (text.length <= 128 && /^[a-zA-Z0-9_-]+(:[a-zA-Z0-9_-]+)+$/.test(text)) return text;
  throw new UsageError(
    'SCOPE_INVALID',
    text === '' ? 'The scope is empty.' : `This is no scope: "${text.slice(0, 128)}".`,
    {
      field,
      hint: 'A scope of Dynamic is like wallet:export. See them with: stepup scope list',
    },
  );
}

/** A token of the developer's own backend, by its outer form. Throws UsageError ASSERTION_INVALID, never quoting it. */
export function parseAssertion(text: string, field: string): string {
  const token = text.trim();
  if (token.length <= 32_768 && /^[\w-]+\.[\w-]+\.[\w-]+$/.test(token)) return token;
  throw new UsageError('ASSERTION_INVALID', 'This is no signed token (a JWT of three parts).', {
    field,
    hint: 'Your backend signs it, with sub, scope, exp and a jti of its own.',
  });
}
