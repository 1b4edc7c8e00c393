/** An authenticator app: time-based one-time codes (RFC 6238), and the addresses by which services hand out their secrets. */
import { createHmac } from 'node:crypto';
import * as v from 'valibot';
import { UsageError } from '../errors.js';
import { base32Bytes, canonicalBase32 } from './base32.js';

/** Messages of its own, as valibot's quote the value: `secret` is one. */
export const totpSchema = v.object({
  /** Base32, upper case, without padding. */
  secret: v.pipe(
    v.string('is no base32 text'),
    v.check((text) => text !== '' && canonicalBase32(text) === text, 'is no base32 text'),
  ),
  algorithm: v.picklist(['SHA1', 'SHA256', 'SHA512']),
  digits: v.pipe(v.number(), v.integer(), v.minValue(6), v.maxValue(8)),
  /** Seconds. */
  period: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(3600)),
});
export type TotpSecret = v.InferOutput<typeof totpSchema>;

/** What an `otpauth://` address says beside the secret, for the eye only. */
export interface TotpLabels {
  /** The account, often with the issuer before it (`Example:ada@example.com`). */
  label?: string | undefined;
  issuer?: string | undefined;
}

/** Characters. */
const MAX_URI_LENGTH = 4096;

/**
 * A secret with what services use when they say nothing else: SHA-1, six digits, 30 s. Lower case, blanks, hyphens and missing padding
 * are accepted. Throws UsageError KEY_INVALID, which never quotes it.
 */
export function totpSecret(base32: string): TotpSecret {
  const secret = canonicalBase32(base32);
  if (!secret) throw invalid('This is no secret of an authenticator app: it must be base32.');
  return { secret, algorithm: 'SHA1', digits: 6, period: 30 };
}

/**
 * The secret in an `otpauth://totp/…` address (Key URI Format), with the label and issuer that it names. Throws UsageError KEY_INVALID,
 * which never quotes it, for a counter-based secret too.
 */
export function parseTotpUri(uri: string): TotpSecret & TotpLabels {
  const url = uri.length <= MAX_URI_LENGTH && URL.canParse(uri.trim()) ? new URL(uri.trim()) : undefined;
  if (url?.protocol !== 'otpauth:' || url.host.toLowerCase() !== 'totp') {
    throw invalid('This is no address of an authenticator app: it must begin with otpauth://totp/.');
  }
  const said = (name: string): string | undefined => only(url.searchParams, name);
  const usual = totpSecret(said('secret') ?? '');
  const parsed = v.safeParse(totpSchema, {
    secret: usual.secret,
    algorithm: said('algorithm')?.toUpperCase().replace('-', '') ?? usual.algorithm,
    digits: whole(said('digits')) ?? usual.digits,
    period: whole(said('period')) ?? usual.period,
  });
  if (!parsed.success)
    throw invalid('The address of the authenticator app has an algorithm, digits or a period that there are not.');
  const label = decoded(url.pathname.slice(1));
  const [before, account] = label.split(':', 2);
  const issuer = said('issuer') ?? (account === undefined ? undefined : before);
  return { ...parsed.output, ...(label && { label }), ...(issuer && { issuer }) };
}

/** The time step that an instant is in (RFC 6238 §4.2). `nowMs` is in milliseconds since the epoch. */
export function stepAt({ period }: Pick<TotpSecret, 'period'>, nowMs: number): number {
  return Math.floor(nowMs / 1000 / period);
}

/**
 * The code of a time step: RFC 4226 §5.3 with the step as counter. Throws UsageError KEY_INVALID for a secret that is no base32, and
 * RangeError for a step that is no whole number from 0 on.
 */
export function codeOf({ secret, algorithm, digits }: TotpSecret, step: number): string {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const mac = createHmac(algorithm.toLowerCase(), base32Bytes(totpSecret(secret).secret))
    .update(counter)
    .digest();
  const offset = mac.readUInt8(mac.length - 1) & 0x0f;
  const number = (mac.readUInt32BE(offset) & 0x7fff_ffff) % 10 ** digits;
  return String(number).padStart(digits, '0');
}

/** The value of a parameter. Of two that differ, apps would take either: that is no address to trust. */
function only(parameters: URLSearchParams, name: string): string | undefined {
  const values = parameters.getAll(name);
  if (values.length > 1) throw invalid(`The address of the authenticator app names "${name}" twice.`);
  return values[0];
}

function whole(digits: string | undefined): number | undefined {
  if (digits === undefined) return undefined;
  return /^\d{1,4}$/.test(digits) ? Number(digits) : Number.NaN;
}

function decoded(label: string): string {
  try {
    return decodeURIComponent(label);
  } catch {
    return label; // for the eye only: shown as it came
  }
}

function invalid(message: string): UsageError {
  return new UsageError('KEY_INVALID', message);
}
