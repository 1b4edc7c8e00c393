/** The configuration of password login as commands take and show it. */
import { UsageError } from '../errors.js';
import type { PasswordLogin } from '../providers/prelude/management-login.js';

/** Prelude: a `ttl` is in nanoseconds. */
const NANOSECONDS = 1_000_000_000;

/** What is written where there is none yet and no flag says it: all of it is needed. */
export const INITIAL = {
  hash_method: 'argon2id',
  enabled: true,
  rate_limit_login_ip: { ttl: 600 * NANOSECONDS, limit: 20 },
  rate_limit_login_identifier: { ttl: 600 * NANOSECONDS, limit: 5 },
  password_compliancy: {
    min_length: 8,
    max_length: 0,
    uppercase: 0,
    lowercase: 0,
    numbers: 0,
    symbols: 0,
  },
} satisfies PasswordLogin;

export interface RateLimit {
  limit: number;
  seconds: number;
}

/** The configuration under the names of `--json`; null for what the service does not say. */
export interface PasswordFacts {
  enabled: boolean | null;
  hashMethod: string | null;
  minLength: number;
  /** 0 means none. */
  maxLength: number;
  /** How many of them at least. */
  uppercase: number;
  lowercase: number;
  numbers: number;
  symbols: number;
  ipLimit: RateLimit | null;
  identifierLimit: RateLimit | null;
}

/** The facts of it. */
export function passwordFacts(login: PasswordLogin): PasswordFacts {
  const { min_length, max_length, uppercase, lowercase, numbers, symbols } = login.password_compliancy;
  const limitOf = (limit: PasswordLogin['rate_limit_login_ip']): RateLimit | null =>
    limit ? { limit: limit.limit, seconds: limit.ttl / NANOSECONDS } : null;
  return {
    enabled: login.enabled ?? null,
    hashMethod: login.hash_method ?? null,
    minLength: min_length,
    maxLength: max_length,
    uppercase,
    lowercase,
    numbers,
    symbols,
    ipLimit: limitOf(login.rate_limit_login_ip),
    identifierLimit: limitOf(login.rate_limit_login_identifier),
  };
}

/** Lines for a person. */
export function passwordInWords(facts: PasswordFacts): string {
  const demanded = [
    [facts.uppercase, 'upper case'],
    [facts.lowercase, 'lower case'],
    [facts.numbers, 'digits'],
    [facts.symbols, 'symbols'],
  ].flatMap(([least, kind]) => (least === 0 ? [] : [`${least} ${kind}`]));
  const limit = (each: RateLimit | null): string => (each ? `${each.limit} tries in ${each.seconds} s` : 'unknown');
  return [
    `  enabled            ${facts.enabled === null ? 'unknown' : facts.enabled ? 'yes' : 'no'}`,
    `  length             ${facts.minLength} or more${facts.maxLength > 0 ? `, ${facts.maxLength} at most` : ''}`,
    `  demanded           ${demanded.join(', ') || 'nothing else'}`,
    `  limit by address   ${limit(facts.ipLimit)}`,
    `  limit by user      ${limit(facts.identifierLimit)}`,
    `  hash               ${facts.hashMethod ?? 'unknown'}`,
  ].join('\n');
}

export interface PasswordLoginFlags {
  minLength?: string | undefined;
  maxLength?: string | undefined;
  /** How many; true for one, false for none. */
  uppercase?: string | boolean | undefined;
  lowercase?: string | boolean | undefined;
  numbers?: string | boolean | undefined;
  symbols?: string | boolean | undefined;
  ipLimit?: string | undefined;
  identifierLimit?: string | undefined;
}

/** What flags change of it. Throws UsageError FLAG_INVALID. */
export function withPasswordFlags(
  login: PasswordLogin,
  flags: PasswordLoginFlags,
  enabled: boolean | undefined,
): PasswordLogin {
  const { uppercase, lowercase, numbers, symbols } = flags;
  const rules = Object.entries({ uppercase, lowercase, numbers, symbols }).flatMap(([kind, rule]) =>
    rule === undefined ? [] : [[kind, typeof rule === 'string' ? count(rule, `--${kind}`) : Number(rule)] as const],
  );
  const next: PasswordLogin = {
    ...login,
    ...(enabled === undefined ? {} : { enabled }),
    password_compliancy: {
      ...login.password_compliancy,
      ...Object.fromEntries(rules),
      ...(flags.minLength === undefined ? {} : { min_length: count(flags.minLength, '--min-length') }),
      ...(flags.maxLength === undefined ? {} : { max_length: count(flags.maxLength, '--max-length') }),
    },
  };
  if (flags.ipLimit !== undefined) next.rate_limit_login_ip = rateLimit(flags.ipLimit, '--ip-limit');
  if (flags.identifierLimit !== undefined) {
    next.rate_limit_login_identifier = rateLimit(flags.identifierLimit, '--identifier-limit');
  }
  return next;
}

/** Refuses lengths that no password can have. Throws UsageError FLAG_INVALID. */
export function checkLengths({ password_compliancy }: PasswordLogin, flags: PasswordLoginFlags): void {
  const { min_length, max_length } = password_compliancy;
  if (max_length === 0 || max_length >= min_length) return;
  const flag = flags.maxLength === undefined ? '--min-length' : '--max-length';
  throw new UsageError('FLAG_INVALID', `${flag}: no password is ${min_length} or longer and ${max_length} at most.`, {
    field: flag,
  });
}

function count(text: string, flag: string): number {
  if (/^\d{1,4}$/.test(text)) return Number(text);
  throw new UsageError('FLAG_INVALID', `${flag} takes a number from 0 to 9999, not "${text}".`, { field: flag });
}

function rateLimit(text: string, flag: string): { ttl: number; limit: number } {
  const [, limit, seconds] = /^(\d{1,6})\/(\d{1,6})$/.exec(text) ?? [];
  if (limit !== undefined && seconds !== undefined) return { ttl: Number(seconds) * NANOSECONDS, limit: Number(limit) };
  throw new UsageError('FLAG_INVALID', `${flag} takes tries and seconds, as 5/600, not "${text}".`, { field: flag });
}
