/** The tenants of one emulator. Only the default one exists so far; its ids and key are constants of the public contract. */
import type { Tenant } from './services.js';

const DEFAULT_TENANT = 'default';
const APP_ID = 'demo';
const MANAGEMENT_KEY = 'sk_emulator_demo';
const ENVIRONMENT_ID = '00000000-0000-4000-8000-000000000001';

export interface Tenants {
  /** The tenant with this id, or undefined. */
  get(id: string): Tenant | undefined;
  /** The tenant whose Prelude application has this id, or undefined. */
  ofApp(appId: string): Tenant | undefined;
  /** The tenant whose Dynamic environment has this id, or undefined. */
  ofEnvironment(environmentId: string): Tenant | undefined;
  readonly default: Tenant;
  readonly count: number;
}

/**
 * Tenants of an emulator that answers at `url`. `domain` is host and port of its https listener (of the http one when there is no
 * other): what Prelude's official SDK takes as its domain, and the issuer of Prelude's tokens.
 */
export function createTenants({ url, domain }: { url: string; domain: string }): Tenants {
  const apiBaseUrl = `${url}/api/v0`;
  const tenant: Tenant = {
    id: DEFAULT_TENANT,
    prelude: {
      appId: APP_ID,
      sessionDomain: domain,
      managementUrl: url,
      managementKey: MANAGEMENT_KEY,
      issuer: domain,
      jwksUrl: `${url}/.well-known/jwks.json`,
    },
    dynamic: {
      environmentId: ENVIRONMENT_ID,
      apiBaseUrl,
      issuer: `${new URL(url).host}/${ENVIRONMENT_ID}`,
      jwksUrl: `${apiBaseUrl}/sdk/${ENVIRONMENT_ID}/.well-known/jwks`,
    },
  };
  return {
    get: (id) => (id === tenant.id ? tenant : undefined),
    ofApp: (appId) => (appId === tenant.prelude.appId ? tenant : undefined),
    ofEnvironment: (environmentId) => (environmentId === tenant.dynamic.environmentId ? tenant : undefined),
    default: tenant,
    count: 1,
  };
}
