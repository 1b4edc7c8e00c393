/** Which application of which service a provider speaks to. */
import type { CredentialKey } from '../store/store.js';

export interface Target {
  provider: 'prelude';
  /** Application id, e.g. `54e9ujn`. */
  appId: string;
  /** Base of the frontend API without `/v1/session`; https, or http on loopback. May have a path. */
  frontendUrl: string;
  managementUrl: string;
  managementKey?: string | undefined;
}

/** Where the store keeps this application's session: by host and path of the frontend API, never by profile name. */
export function sessionKeyOf(target: Target): CredentialKey {
  return { provider: target.provider, host: hostOf(target.frontendUrl), application: target.appId };
}

/** Host, port and path of an address, as it is shown and stored: `localhost:4743/t/w1`. */
export function hostOf(url: string): string {
  const { host, pathname } = new URL(url);
  return `${host}${pathname}`.replace(/\/+$/, '');
}
