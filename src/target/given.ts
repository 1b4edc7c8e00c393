/** What flags, variables and the profile give, each value with where it comes from. */
import { UsageError } from '../errors.js';
import type { Ready } from '../emulator/emulator.js';
import type { Env } from '../system.js';
import { originUrl, serviceUrl } from './addresses.js';
import type { Base } from './base.js';

/** The flags of every command that choose the application. */
export interface TargetFlags {
  profile?: string | undefined;
  /** `running`, or an emulator's URL. */
  emulator?: string | undefined;
  /** Id of one of the emulator's tenants. */
  tenant?: string | undefined;
  provider?: string | undefined;
  app?: string | undefined;
  domain?: string | undefined;
  managementUrl?: string | undefined;
  environment?: string | undefined;
  apiUrl?: string | undefined;
  origin?: string | undefined;
}

/** Where a value comes from. `name` is the flag, the variable, the profile or the emulator's address. */
export interface Source {
  kind: 'flag' | 'variable' | 'profile' | 'emulator' | 'default';
  name?: string | undefined;
}

/** A value with where it comes from. */
export interface Given {
  value: string;
  source: Source;
}

/** Reads one value: the flag, then the variable. An empty variable counts as absent. */
export type Read = (flag: string, value: string | undefined, variable: string) => Given | undefined;

/** Reads from flags and these variables. */
export function readFrom(variables: Env): Read {
  return (flag, value, variable) => {
    if (value !== undefined) return { value, source: { kind: 'flag', name: flag } };
    const found = variables[variable];
    return found ? { value: found, source: { kind: 'variable', name: variable } } : undefined;
  };
}

/** What was found beside the target itself. */
export interface Found {
  /** The profile that was used, if one was. */
  profileName?: string | undefined;
  /** What `emulator start` said of itself, when it runs on this machine under this store. */
  emulator?: Ready | undefined;
  /** Address of the emulator that `--emulator` or its variable chose. */
  emulatorUrl?: string | undefined;
  /** Its tenant. */
  tenant?: string | undefined;
}

/** A value of the base, with the base as its source. */
export function from(base: Base | undefined, value: string | undefined): Given | undefined {
  return base && value ? { value, source: base.source } : undefined;
}

/** A value that nobody gave. */
export function preset(value: string): Given {
  return { value, source: { kind: 'default' } };
}

/** An address, checked and made uniform. Throws UsageError URL_INVALID. */
export function address(given: Given | undefined): Given | undefined {
  return given && { ...given, value: serviceUrl(given.value, given.source.name ?? '') };
}

/** An origin, checked and made uniform. Throws UsageError ORIGIN_INVALID. */
export function originOf(given: Given | undefined): Given | undefined {
  return given && { ...given, value: originUrl(given.value, given.source.name ?? '--origin') };
}

/** What is found beside the target, of a base. */
export function foundIn(base: Base | undefined): Found {
  const { profileName, emulator, emulatorUrl, tenant } = base ?? {};
  return { profileName, emulator, emulatorUrl, tenant };
}

/** UsageError PROFILE_UNKNOWN: nothing says which application is meant. */
export function noApplication(): UsageError {
  return new UsageError('PROFILE_UNKNOWN', 'No application is set up.', {
    field: '--profile',
    hint: 'Set one up with: stepup init   (or try it all without one: stepup tutorial)',
  });
}
