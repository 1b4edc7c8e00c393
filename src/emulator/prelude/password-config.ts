/** Configuration of login by password, and what it demands of a password. */
import * as v from 'valibot';
import { readDocument, type Dated, type DocumentName } from './documents.js';
import type { TenantPlace } from '../tenant-place.js';

const Count = v.pipe(
  v.number('a number'),
  v.integer('a whole number'),
  v.minValue(0, '0 to 1024'),
  v.maxValue(1024, '0 to 1024'),
);
/** How many characters of a kind; a flag stands for one. */
const AtLeast = v.pipe(
  v.union([Count, v.boolean()], 'a number of 0 to 1024'),
  v.transform((value) => Number(value)),
);

const Compliancy = v.pipe(
  v.object({
    min_length: Count,
    max_length: Count,
    uppercase: AtLeast,
    lowercase: AtLeast,
    numbers: AtLeast,
    symbols: AtLeast,
  }),
  v.check(
    ({ min_length, max_length }) => max_length === 0 || max_length >= min_length,
    'max_length of 0 (no limit) or at least min_length',
  ),
);
/** Prelude: rules of a password, each a number of characters; `max_length` 0 is no limit. */
export type Compliancy = v.InferOutput<typeof Compliancy>;

const RateLimit = v.object({
  ttl: v.pipe(v.number('nanoseconds'), v.integer('whole nanoseconds'), v.minValue(1, 'nanoseconds above 0')),
  limit: v.pipe(v.number('a number'), v.integer('a whole number'), v.minValue(1, 'at least 1')),
});
/** Prelude: so many attempts in `ttl` nanoseconds. */
export type RateLimit = v.InferOutput<typeof RateLimit>;

/** Prelude: the document of `config/login/password`. All fields are required. */
export const PasswordConfigBody = v.object({
  // The emulator hashes in its own way, whatever this says.
  hash_method: v.pipe(v.string('a name'), v.regex(/^[a-z0-9_-]{1,32}$/, 'a name such as argon2id')),
  enabled: v.boolean('true or false'),
  rate_limit_login_ip: RateLimit,
  rate_limit_login_identifier: RateLimit,
  password_compliancy: Compliancy,
});
export type PasswordConfigBody = v.InferOutput<typeof PasswordConfigBody>;

/** Under which it is kept. */
export const PASSWORD_CONFIG: DocumentName<PasswordConfigBody> = { id: 'login-password' };

/** What holds before the application says anything. */
const INITIAL: Compliancy = { min_length: 8, max_length: 0, uppercase: 0, lowercase: 0, numbers: 0, symbols: 0 };

/** The configuration, if there is one. */
export function readPasswordConfig(place: TenantPlace): Promise<Dated<PasswordConfigBody> | undefined> {
  return readDocument(place, PASSWORD_CONFIG);
}

/** The rules that a new password has to keep. */
export async function compliancyOf(place: TenantPlace): Promise<Compliancy> {
  return (await readPasswordConfig(place))?.password_compliancy ?? INITIAL;
}

/**
 * The first rule that a password breaks, in words that say nothing of it; undefined when it keeps all. Characters are code points,
 * counted as the official web SDK counts them: whatever is no letter with a case and no digit is a symbol.
 */
export function passwordFault(rules: Compliancy, password: string): string | undefined {
  const found = { uppercase: 0, lowercase: 0, numbers: 0, symbols: 0 };
  for (const character of password) found[kindOf(character)] += 1;
  const length = Array.from(password).length;
  if (length < rules.min_length) return `password: expected at least ${rules.min_length} characters, got fewer`;
  if (rules.max_length > 0 && length > rules.max_length) {
    return `password: expected at most ${rules.max_length} characters, got more`;
  }
  for (const kind of ['uppercase', 'lowercase', 'numbers', 'symbols'] as const) {
    if (found[kind] < rules[kind]) return `password: expected at least ${rules[kind]} ${kind}, got fewer`;
  }
  return undefined;
}

function kindOf(character: string): 'uppercase' | 'lowercase' | 'numbers' | 'symbols' {
  if (/\p{Lu}/u.test(character)) return 'uppercase';
  if (/\p{Ll}/u.test(character)) return 'lowercase';
  return /\p{Nd}/u.test(character) ? 'numbers' : 'symbols';
}
