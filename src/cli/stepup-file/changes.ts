/** What makes an application differ from a stepup.json: item by item, field by field. */
import { isDeepStrictEqual } from 'node:util';
import { canonicalOtpLogin, canonicalPasswordLogin, canonicalScopes, canonicalStepUp } from './canonical.js';
import type { FileStepUp, Section, StepUpFile } from './document.js';
import { named } from './names.js';
import { pairOtpLogins, type OtpPair } from './pairs.js';
import type { Snapshot } from './snapshot.js';

/** A field of an item. Without `before` it is new, without `after` it goes. Values are the service's, unchanged. */
export interface FieldChange {
  /** As `direct.granted_for`; empty when the item is one value. Entries of a list are named by their key. */
  field: string;
  before?: unknown;
  after?: unknown;
}

export interface Change {
  section: Section;
  /** A scope, `jwks_url`, `step_keys.kyc`, `allowed_scopes.transfer:write` (`…#2` for the second entry), `sms`, `policy`. */
  item: string;
  /** Of a login configuration that is stored. */
  id?: string;
  change: 'added' | 'changed' | 'removed';
  fields: FieldChange[];
}

/** All that differs, section by section in the order of the file. None when the application is as the file says. */
export function changesBetween(snapshot: Snapshot, file: StepUpFile): Change[] {
  return [
    ...(file.scopes ? itemChanges('scopes', scopeItems(snapshot.scopes ?? []), scopeItems(file.scopes)) : []),
    ...(file.stepup === undefined ? [] : itemChanges('stepup', stepUpItems(snapshot.stepup), stepUpItems(file.stepup))),
    ...(file.login_otp ? pairOtpLogins(snapshot.login_otp ?? [], file.login_otp).flatMap(otpChange) : []),
    ...(file.login_password ? passwordChanges(snapshot, file.login_password) : []),
  ];
}

type Items = Map<string, unknown>;

function scopeItems(scopes: readonly string[]): Items {
  return new Map(canonicalScopes(scopes).map((scope) => [scope, {}]));
}

function stepUpItems(config: Snapshot['stepup'] | FileStepUp): Items {
  if (!config) return new Map();
  const { jwks_url, step_keys, allowed_scopes } = canonicalStepUp(config);
  return new Map<string, unknown>([
    ['configuration', {}],
    ...(jwks_url === undefined ? [] : [['jwks_url', jwks_url] as const]),
    ...named(step_keys).map(([name, { key: _key, ...rest }]) => [`step_keys.${name}`, rest] as const),
    ...named(allowed_scopes).map(([name, { scope: _scope, ...rest }]) => [`allowed_scopes.${name}`, rest] as const),
  ]);
}

function passwordChanges({ login_password: stored }: Snapshot, wanted: StepUpFile['login_password']): Change[] {
  const items = (login: unknown): Items => new Map(login ? [['policy', login]] : []);
  return itemChanges(
    'login_password',
    items(stored && (canonicalPasswordLogin(stored) ?? stored)),
    items(wanted && canonicalPasswordLogin(wanted)),
  );
}

function itemChanges(section: Section, before: Items, after: Items): Change[] {
  return [...new Set([...after.keys(), ...before.keys()])].flatMap((item): Change[] => {
    const change = kindOf(before.has(item), after.has(item));
    const fields = fieldChanges(before.get(item), after.get(item));
    return change === 'changed' && fields.length === 0 ? [] : [{ section, item, change, fields }];
  });
}

function otpChange({ stored, wanted }: OtpPair): Change[] {
  const change = kindOf(stored !== undefined, wanted !== undefined);
  const { channel_type } = wanted ?? stored!;
  const fields = fieldChanges(stored && canonicalOtpLogin(stored), wanted);
  if (change === 'changed' && fields.length === 0) return [];
  return [{ section: 'login_otp', item: channel_type, ...(stored ? { id: stored.id } : {}), change, fields }];
}

function kindOf(before: boolean, after: boolean): Change['change'] {
  if (!before) return 'added';
  return after ? 'changed' : 'removed';
}

function fieldChanges(before: unknown, after: unknown): FieldChange[] {
  const [one, other] = [leavesOf(before), leavesOf(after)];
  return [...new Set([...one.keys(), ...other.keys()])]
    .filter((field) => !isDeepStrictEqual(one.get(field), other.get(field)))
    .map((field) => ({
      field,
      ...(one.has(field) ? { before: one.get(field) } : {}),
      ...(other.has(field) ? { after: other.get(field) } : {}),
    }));
}

function leavesOf(value: unknown, path = '', into: Items = new Map()): Items {
  if (value === undefined) return into;
  const isList = Array.isArray(value);
  if (typeof value !== 'object' || value === null || (isList && value.every((entry) => typeof entry !== 'object'))) {
    return into.set(path, value);
  }
  const inner: [string, unknown][] = isList ? named(value) : Object.entries(value);
  for (const [name, each] of inner) leavesOf(each, path === '' ? name : `${path}.${name}`, into);
  return into;
}
