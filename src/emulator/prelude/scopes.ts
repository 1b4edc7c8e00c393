/** The scopes that are registered on the application. */
import { keyOf, type TenantPlace } from '../tenant-place.js';
import { amend } from './parts.js';

const DOCUMENT = 'scopes';

/** All of them, in the order of their registration. */
export async function registeredScopes(place: TenantPlace): Promise<string[]> {
  return (await place.services.state.get<string[]>(keyOf(place, 'prelude-config', DOCUMENT)))?.value ?? [];
}

/** Registers one. Undefined when it is registered already. */
export async function registerScope(place: TenantPlace, scope: string): Promise<string[] | undefined> {
  let known = false;
  const scopes = await change(place, (all) => {
    known = all.includes(scope);
    return known ? all : [...all, scope];
  });
  return known ? undefined : scopes;
}

/** Takes one away. Undefined when it is not registered. */
export async function unregisterScope(place: TenantPlace, scope: string): Promise<string[] | undefined> {
  let known = false;
  const scopes = await change(place, (all) => {
    known = all.includes(scope);
    return all.filter((one) => one !== scope);
  });
  return known ? scopes : undefined;
}

function change(place: TenantPlace, next: (scopes: string[]) => string[]): Promise<string[]> {
  return amend<string[]>(place, DOCUMENT, () => [], next);
}
