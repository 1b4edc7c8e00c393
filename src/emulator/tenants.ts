/** The tenants of an emulator. The default one is always there; its ids and key are constants of the public contract. */
import { createHash } from 'node:crypto';
import type { Tenant } from './services.js';
import type { State } from './state/interface.js';
import { SHARED } from './state/shared.js';

const DEFAULT_TENANT = 'default';
const DEFAULT_NAMES = { appId: 'demo', environmentId: '00000000-0000-4000-8000-000000000001' };
const KIND = 'tenant';
/** The index by which a tenant is found from its Dynamic environment. */
const ENVIRONMENT = 'environment';

/** The form of a tenant's id, which is the id of its Prelude application, too. */
export const TENANT_ID = /^[a-z0-9][a-z0-9-]{0,39}$/;

export interface Tenants {
  /** The tenant with this id, or undefined. */
  get(id: string): Promise<Tenant | undefined>;
  /** The tenant whose Prelude application has this id, or undefined. */
  ofApp(appId: string): Promise<Tenant | undefined>;
  /** The tenant whose Dynamic environment has this id, or undefined. */
  ofEnvironment(environmentId: string): Promise<Tenant | undefined>;
  readonly default: Tenant;
  /** All, the default one first, then in the order of their making. */
  list(): Promise<Tenant[]>;
  /** Makes one. Of several at once with one id, one is made; undefined for the others, and for an id that is taken or reserved. */
  create(id: string): Promise<Tenant | undefined>;
  /** Forgets one; its records are the caller's to clear. False when there is none, and for the default one. */
  remove(id: string): Promise<boolean>;
}

/**
 * Tenants of an emulator that answers at `url`. `domain` is host and port of its https listener (of the http one when there is no
 * other): what Prelude's official SDK takes as its domain, and the issuer of Prelude's tokens. All of a tenant follows from its id, so
 * that emulators of one store agree on it.
 */
export function createTenants(state: State, { url, domain }: { url: string; domain: string }): Tenants {
  const main = tenantOf(DEFAULT_TENANT, DEFAULT_NAMES, { url, domain, path: '' });
  const made = (id: string): Tenant =>
    tenantOf(id, { appId: id, environmentId: environmentOf(id) }, { url, domain, path: `/t/${id}` });
  const keyOf = (id: string) => ({ tenant: SHARED, kind: KIND, id });
  const isReserved = (id: string): boolean => id === main.id || id === main.prelude.appId;
  const find = async (id: string): Promise<Tenant | undefined> =>
    TENANT_ID.test(id) && !isReserved(id) && (await state.get(keyOf(id))) ? made(id) : undefined;

  return {
    get: async (id) => (id === main.id ? main : find(id)),
    ofApp: async (appId) => (appId === main.prelude.appId ? main : find(appId)),
    async ofEnvironment(environmentId) {
      if (environmentId === main.dynamic.environmentId) return main;
      const [found] = await state.listByIndex(SHARED, KIND, ENVIRONMENT, environmentId);
      return found && made(found.id);
    },
    default: main,
    list: async () => [main, ...(await state.list(SHARED, KIND)).map(({ id }) => made(id))],
    async create(id) {
      if (!TENANT_ID.test(id) || isReserved(id)) return undefined;
      const tenant = made(id);
      const index = { [ENVIRONMENT]: tenant.dynamic.environmentId };
      return (await state.putIfAbsent(keyOf(id), {}, { index })) ? tenant : undefined;
    },
    remove: async (id) => state.delete(keyOf(id)),
  };
}

function tenantOf(
  id: string,
  { appId, environmentId }: { appId: string; environmentId: string },
  { url, domain, path }: { url: string; domain: string; path: string },
): Tenant {
  const apiBaseUrl = `${url}/api/v0`;
  return {
    id,
    prelude: {
      appId,
      sessionDomain: `${domain}${path}`,
      managementUrl: url,
      managementKey: `sk_emulator_${appId}`,
      issuer: `${domain}${path}`,
      jwksUrl: `${url}${path}/.well-known/jwks.json`,
    },
    dynamic: {
      environmentId,
      apiBaseUrl,
      issuer: `${new URL(url).host}/${environmentId}`,
      jwksUrl: `${apiBaseUrl}/sdk/${environmentId}/.well-known/jwks`,
    },
  };
}

/** A UUID that is the id's own: version 8, made of a hash (RFC 9562 §5.8). */
function environmentOf(id: string): string {
  const bytes = createHash('sha256').update('environment of ').update(id).digest().subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
