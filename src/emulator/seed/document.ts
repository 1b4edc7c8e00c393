/** What a seed says: the state in which each tenant of an emulator starts, and to which a reset brings it back. */
import * as v from 'valibot';
import { SettingsPatch } from '../settings.js';
import { TENANT_ID } from '../tenant-names.js';
import { preludeSections } from './prelude-section.js';
import { plainObject } from '../plain-object.js';
import { closed, flag, list, member, oneOf, text, whole } from './shape.js';
import { dynamicUser, identifier, preludeUser, wallet } from './user.js';

const fault = closed({
  method: v.optional(text(/^[A-Za-z]{1,20}$/, 'a method such as POST')),
  path: v.optional(text(/^\/.{0,499}$/, 'a path that begins with /')),
  status: v.optional(whole(400, 599)),
  latencyMs: v.optional(whole(1, 600_000)),
});

/** What always happens to one phone number, address, wallet or user. */
const scenario = closed({
  identity: v.union(
    [identifier, wallet, text(/^[A-Za-z0-9_-]{1,64}$/, '')],
    'a phone number, an address, a wallet or a user’s id',
  ),
  code: v.optional(text(/^\d{4,8}$/, '4 to 8 digits in quotes')),
  lateSeconds: v.optional(whole(1, 86_400)),
  suppressed: v.optional(text(/^[^\0]{1,200}$/u, 'a reason of 1 to 200 characters')),
  tooManyAttempts: v.optional(flag),
  hookVerdict: v.optional(oneOf(['block'])),
  fault: v.optional(fault),
});
export type SeedScenario = v.InferOutput<typeof scenario>;

const tenant = {
  settings: v.optional(v.pipe(plainObject, SettingsPatch)),
  prelude: v.optional(closed({ ...preludeSections, users: v.optional(list(preludeUser, 10_000)) })),
  dynamic: v.optional(closed({ users: v.optional(list(dynamicUser, 10_000)) })),
  identities: v.optional(list(scenario, 10_000)),
};

/** A tenant as a seed describes it. */
const seedTenant = closed(tenant);
export type SeedTenant = v.InferOutput<typeof seedTenant>;

/** The form of a tenant's id: it stands in paths. */
const tenantId = text(TENANT_ID, 'up to 63 small letters, digits and hyphens');

/** The whole file: the default tenant at the top, others in `tenants`. What goes beyond the form is checked by `conflictsOf`. */
export const seedSchema = member({
  $schema: v.optional(v.string('an address')),
  ...tenant,
  tenants: v.optional(list(closed({ id: tenantId, ...tenant }), 1000)),
});
export type SeedFile = v.InferOutput<typeof seedSchema>;

/** The tenants of a seed by their ids, the default one first. */
export function tenantsOf({ $schema: _schema, tenants = [], ...first }: SeedFile): Map<string, SeedTenant> {
  return new Map([['default', first], ...tenants.map(({ id, ...rest }): [string, SeedTenant] => [id, rest])]);
}
