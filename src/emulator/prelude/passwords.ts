/** Users' passwords: kept as salted hashes only, tried within the configuration's limits. */
import { scrypt, timingSafeEqual } from 'node:crypto';
import { age, keyOf, type TenantPlace } from '../tenant-place.js';
import { FrontendError } from './errors.js';
import { readPasswordConfig, type PasswordConfigBody, type RateLimit } from './password-config.js';
import type { Place } from './parts.js';
import { digest } from './randomness.js';

/** RFC 7914: base64url of a salt and of its scrypt hash with N = 16384, r = 8, p = 1. */
interface PasswordRecord {
  salt: string;
  hash: string;
}

const KIND = 'prelude-password';
const SALT_BYTES = 16;
const HASH_BYTES = 32;
const NANOSECONDS = 1_000_000;

/** Sets a user's password, whatever it was before. It must have been checked. Emits `password`. */
export async function setPassword(place: TenantPlace, userId: string, password: string): Promise<void> {
  const { services, tenant } = place;
  const salt = Buffer.from(services.randomBytes(SALT_BYTES));
  const record: PasswordRecord = {
    salt: salt.toString('base64url'),
    hash: (await hashed(password, salt)).toString('base64url'),
  };
  await services.state.put(keyOf(place, KIND, userId), record);
  await services.emit(tenant.id, 'password', { change: 'set', userId });
}

/** Forgets a user's password. */
export async function removePassword(place: TenantPlace, userId: string): Promise<void> {
  await place.services.state.delete(keyOf(place, KIND, userId));
}

/** Whether it is the user's password; undefined when there is none. */
export async function isPassword(place: Place, userId: string, password: string): Promise<boolean | undefined> {
  const kept = await place.services.state.get<PasswordRecord>(keyOf(place, KIND, userId));
  if (!kept) return undefined;
  const known = Buffer.from(kept.value.hash, 'base64url');
  return timingSafeEqual(await hashed(password, Buffer.from(kept.value.salt, 'base64url')), known);
}

/** The configuration of login by password. Throws FrontendError `no_login_config` when there is none, or it is disabled. */
export async function requirePasswordLogin(place: Place): Promise<PasswordConfigBody> {
  const config = await readPasswordConfig(place);
  if (config?.enabled) return config;
  const got = config ? 'a disabled one' : 'none';
  throw new FrontendError('no_login_config', `configuration of login by password: expected an enabled one, got ${got}`);
}

/**
 * Takes one attempt of the address and of the identifier, before the password is looked at. Throws FrontendError `rate_limited` when
 * either has none left, and `no_login_config`.
 */
export async function takeAttempt(place: Place, from: { ip: string; identifier: string }): Promise<void> {
  const config = await requirePasswordLogin(place);
  await take(place, `address ${from.ip}`, config.rate_limit_login_ip);
  await take(place, `identifier ${from.identifier}`, config.rate_limit_login_identifier);
}

async function take(place: Place, who: string, { ttl, limit }: RateLimit): Promise<void> {
  const key = keyOf(place, 'prelude-rate', digest(`password ${who}`));
  const { allowed } = await place.services.state.increment(key, { limit, expiresAt: age(place) + ttl / NANOSECONDS });
  if (allowed) return;
  const [kind] = who.split(' ');
  throw new FrontendError('rate_limited', `login by password: expected at most ${limit} attempts an ${kind}, got more`);
}

function hashed(password: string, salt: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password, salt, HASH_BYTES, (error, key) => (error ? reject(error) : resolve(key)));
  });
}
