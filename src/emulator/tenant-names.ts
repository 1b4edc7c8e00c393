/** What an emulated tenant is called at the two services. All of it follows from its id, so that whoever knows the id knows the rest. */
import { createHash } from 'node:crypto';
import { EMULATOR_KEY_PREFIX } from './mark.js';

/** The tenant that is always there. */
export const DEFAULT_TENANT = 'default';

/** The form of a tenant's id, which is the id of its Prelude application, too. */
export const TENANT_ID = /^[a-z0-9][a-z0-9-]{0,62}$/;

export interface TenantNames {
  /** Its Prelude application, that application's management key, and the path in front of its frontend. */
  appId: string;
  managementKey: string;
  path: string;
  /** Its Dynamic environment. */
  environmentId: string;
}

/** The names of the tenant with this id. Those of the default one are constants of the public contract. */
export function namesOf(id: string): TenantNames {
  const isDefault = id === DEFAULT_TENANT;
  const appId = isDefault ? 'demo' : id;
  return {
    appId,
    managementKey: `${EMULATOR_KEY_PREFIX}${appId}`,
    path: isDefault ? '' : `/t/${id}`,
    environmentId: isDefault ? '00000000-0000-4000-8000-000000000001' : environmentOf(id),
  };
}

/** A UUID that is the id's own: version 8, made of a hash (RFC 9562 §5.8). */
function environmentOf(id: string): string {
  const bytes = createHash('sha256').update('environment of ').update(id).digest().subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
