/** The user's factors as commands name and show them. */
import { UsageError } from '../errors.js';
import type { MfaMethod } from '../providers/dynamic/provider.js';
import { printable } from './terminal/printable.js';

/** A method with the name that the user gave it, for a sentence. */
export function methodInWords({ id, type, name }: MfaMethod): string {
  const what = type === 'totp' ? 'authenticator app' : printable(type);
  return `${what} ${name === undefined ? printable(id) : `"${printable(name)}" (${printable(id)})`}`;
}

/** The user's method with this id, or with this WebAuthn credential id. Throws UsageError CREDENTIAL_UNKNOWN. */
export function findMethod(methods: MfaMethod[], id: string): MfaMethod {
  const found = methods.find((method) => method.id === id || method.credentialId === id);
  if (found) return found;
  throw noSuch('MFA method', id, 'stepup mfa list');
}

/** UsageError CREDENTIAL_UNKNOWN: the user has none of this id. `list` is the command that shows which there are. */
export function noSuch(what: string, id: string, list: string, field = 'id'): UsageError {
  const shown = id.length > 100 ? `${id.slice(0, 100)}…` : id;
  return new UsageError('CREDENTIAL_UNKNOWN', `The user has no ${what} "${printable(shown)}".`, {
    field,
    hint: `See what there is with: ${list}`,
  });
}

/** A yes or no in a table. */
export function yesNo(value: boolean): string {
  return value ? 'yes' : 'no';
}
