/**
 * Recovery codes. The state keeps only a random salt and which codes are spent: the codes follow from the salt and a secret that
 * never leaves the emulator's folder, so that the set can be shown again and yet no code is stored. Those of a seed are kept as they are.
 */
import { timingSafeEqual } from 'node:crypto';
import { DynamicError } from './errors.js';
import { attempt } from './mfa-attempts.js';
import type { Place } from './parts.js';
import { hasMfa } from './rules.js';
import { amendUser, type User } from './users.js';

const COUNT = 10;
const LENGTH = 10;
const ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789';
const SALT_BYTES = 16;

/** The codes of the user's set that are not spent; a new set when there is none, or when `fresh` asks for one. */
export async function recoveryCodes(place: Place, userId: string, fresh: boolean): Promise<string[]> {
  const salt = Buffer.from(place.services.randomBytes(SALT_BYTES)).toString('base64url');
  const { recovery } = await amendUser(place, userId, (user) =>
    user.recovery && !fresh ? user : { ...user, recovery: { salt, spent: [] } },
  );
  const codes = recovery ? await codesOf(place, userId, recovery) : [];
  return codes.filter((_, index) => !recovery?.spent.includes(index));
}

/**
 * Spends a code. Of several at once, one is taken. Throws DynamicError `mfa_device_not_found` for a user without a factor that the
 * codes could stand in for, `mfa_invalid_code`, `mfa_rate_limited`.
 */
export async function spendRecoveryCode(place: Place, { id, recovery }: User, given: string): Promise<User> {
  return attempt(place, id, async () => {
    const codes = recovery ? await codesOf(place, id, recovery) : [];
    const index = codes.findIndex((code) => equal(code, plain(given)));
    return amendUser(place, id, (user) => {
      if (!hasMfa(user)) throw new DynamicError('mfa_device_not_found', 'user: expected one with MFA, got one without');
      const kept = user.recovery;
      if (index < 0 || kept?.salt !== recovery?.salt || !kept || kept.spent.includes(index)) {
        throw new DynamicError('mfa_invalid_code', 'recovery code: expected an unspent one of the set, got another');
      }
      return { ...user, recovery: { ...kept, spent: [...kept.spent, index] } };
    });
  });
}

async function codesOf(
  { tokens }: Place,
  userId: string,
  { salt, codes }: NonNullable<User['recovery']>,
): Promise<string[]> {
  if (codes) return codes;
  return Promise.all(
    Array.from({ length: COUNT }, async (_, index) => {
      let value = BigInt(`0x${(await tokens.derive(`${userId} ${salt} ${index}`)).toString('hex')}`);
      let code = '';
      for (let at = 0; at < LENGTH; at++) {
        code += ALPHABET.charAt(Number(value % 36n));
        value /= 36n;
      }
      return code;
    }),
  );
}

/** The form in which codes are compared: case, spaces and hyphens do not count. */
export function plain(code: string): string {
  return code.toLowerCase().replace(/[\s-]/g, '');
}

function equal(one: string, other: string): boolean {
  const [left, right] = [Buffer.from(one), Buffer.from(other)];
  return left.length === right.length && timingSafeEqual(left, right);
}
