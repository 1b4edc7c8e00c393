/** Configurations of OTP login. A new application has one for SMS and one for email. */
import { keyOf, type TenantPlace } from '../tenant-place.js';
import { amend } from './parts.js';
import { newId } from './randomness.js';
import type { LoginConfigBody } from './wire.js';

/** A configuration as the management API shows it. */
export interface LoginConfig extends LoginConfigBody {
  id: string;
  created_at: string;
  updated_at: string;
}

const DOCUMENT = 'login-otp';
const CHANNELS = ['sms', 'email'] as const;

/** All of them, oldest first. */
export async function listLoginConfigs(place: TenantPlace): Promise<LoginConfig[]> {
  const key = keyOf(place, 'prelude-config', DOCUMENT);
  const kept = await place.services.state.get<LoginConfig[]>(key);
  if (kept) return kept.value;
  // The first reader fixes the ids of the initial ones.
  return amend<LoginConfig[]>(
    place,
    DOCUMENT,
    () => initial(place),
    (configs) => configs,
  );
}

/** The one that a login goes through: that of the id, else the channel's default. Undefined when there is none. */
export async function loginConfigFor(
  place: TenantPlace,
  channel: 'sms' | 'email',
  id?: string,
): Promise<LoginConfig | undefined> {
  const ofChannel = (await listLoginConfigs(place)).filter(({ channel_type }) => channel_type === channel);
  return ofChannel.find((config) => (id === undefined ? config.is_default : config.id === id));
}

/** Adds one; a new default takes the place of its channel's former one. */
export async function addLoginConfig(place: TenantPlace, body: LoginConfigBody): Promise<LoginConfig> {
  const made = stamp(place, body);
  await amend<LoginConfig[]>(
    place,
    DOCUMENT,
    () => initial(place),
    (configs) => [...yieldDefault(configs, made), made],
  );
  return made;
}

/** Puts these in place of all that there are. */
export async function setLoginConfigs(place: TenantPlace, bodies: LoginConfigBody[]): Promise<LoginConfig[]> {
  const made = bodies.map((body) => stamp(place, body));
  return amend<LoginConfig[]>(
    place,
    DOCUMENT,
    () => made,
    () => made,
  );
}

/** Replaces one. Undefined when there is none with this id. */
export async function replaceLoginConfig(
  place: TenantPlace,
  id: string,
  body: LoginConfigBody,
): Promise<LoginConfig | undefined> {
  const now = new Date(place.services.clock.now()).toISOString();
  const configs = await amend<LoginConfig[]>(
    place,
    DOCUMENT,
    () => initial(place),
    (kept) => {
      const old = kept.find((config) => config.id === id);
      if (!old) return kept;
      const changed = { ...body, id, created_at: old.created_at, updated_at: now };
      return yieldDefault(kept, changed).map((config) => (config.id === id ? changed : config));
    },
  );
  return configs.find((config) => config.id === id);
}

/** Removes one. False when there is none with this id. */
export async function removeLoginConfig(place: TenantPlace, id: string): Promise<boolean> {
  let found = false;
  await amend<LoginConfig[]>(
    place,
    DOCUMENT,
    () => initial(place),
    (configs) => {
      found = configs.some((config) => config.id === id);
      return configs.filter((config) => config.id !== id);
    },
  );
  return found;
}

function initial(place: TenantPlace): LoginConfig[] {
  return CHANNELS.map((channel_type) => stamp(place, { config_type: 'otp', channel_type, is_default: true }));
}

function stamp(place: TenantPlace, body: LoginConfigBody): LoginConfig {
  const now = new Date(place.services.clock.now()).toISOString();
  return { ...body, id: newId('lcfg', place.services.randomBytes), created_at: now, updated_at: now };
}

function yieldDefault(configs: LoginConfig[], next: LoginConfig): LoginConfig[] {
  if (!next.is_default) return configs;
  return configs.map((config) =>
    config.channel_type === next.channel_type ? { ...config, is_default: false } : config,
  );
}
