/** The tenants of an emulator. The default one is always there; its ids and key are constants of the public contract. */
import type { Tenant } from './services.js';
import type { State } from './state/interface.js';
import { SHARED } from './state/shared.js';
import { DEFAULT_TENANT, namesOf, TENANT_ID } from './tenant-names.js';

const KIND = 'tenant';
/** The index by which a tenant is found from its Dynamic environment. */
const ENVIRONMENT = 'environment';

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
  const made = (id: string): Tenant => tenantOf(id, { url, domain });
  const main = made(DEFAULT_TENANT);
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

function tenantOf(id: string, { url, domain }: { url: string; domain: string }): Tenant {
  const { appId, managementKey, path, environmentId } = namesOf(id);
  const apiBaseUrl = `${url}/api/v0`;
  return {
    id,
    prelude: {
      appId,
      sessionDomain: `${domain}${path}`,
      managementUrl: url,
      managementKey,
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
