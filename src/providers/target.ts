/** Which application of which service a provider speaks to. */
import type { CredentialKey } from '../store/store.js';

export interface PreludeTarget {
  provider: 'prelude';
  /** Application id, e.g. `54e9ujn`. */
  appId: string;
  /** Base of the frontend API without `/v1/session`; https, or http on loopback. May have a path. */
  frontendUrl: string;
  managementUrl: string;
  managementKey?: string | undefined;
  /** Origin of the app, for its passkeys; without one, `https://` and the domain that the service names. */
  origin?: string | undefined;
}

export interface DynamicTarget {
  provider: 'dynamic';
  /** A UUID in lower case. */
  environmentId: string;
  /** Base of the API, with `/api/v0`; https, or http on loopback. */
  apiUrl: string;
  /** Origin of the app, as the environment allows it: also the domain of a wallet's message, and its host a passkey's rpId. */
  origin: string;
}

export type Target = PreludeTarget | DynamicTarget;

/** Where the store keeps this application's session: by host and path of the API, never by profile name. */
export function sessionKeyOf(target: Target): CredentialKey {
  return target.provider === 'prelude'
    ? { provider: 'prelude', host: hostOf(target.frontendUrl), application: target.appId }
    : { provider: 'dynamic', host: hostOf(target.apiUrl), application: target.environmentId };
}

/** Host, port and path of an address, as it is shown and stored: `localhost:4743/t/w1`. */
export function hostOf(url: string): string {
  const { host, pathname } = new URL(url);
  return `${host}${pathname}`.replace(/\/+$/, '');
}
