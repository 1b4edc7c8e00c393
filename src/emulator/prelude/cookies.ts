/** Prelude: the cookies beside `X-Refresh-Token` and `X-Verification-Token`. A header wins over its cookie. */
import type { Context } from 'hono';
import { getCookie, setCookie } from 'hono/cookie';
import type { Env } from './errors.js';
import type { Place } from './parts.js';
import type { RefreshToken } from './sessions.js';

// A page on http and this service on https are different sites, so nothing but SameSite=None survives.
const ATTRIBUTES = { httpOnly: true, secure: true, sameSite: 'None', path: '/' } as const;

/** A secret and whether it came by its cookie. */
export interface Carried {
  token: string;
  byCookie: boolean;
}

export function setRefreshCookie(c: Context<Env>, place: Place, refresh: RefreshToken): void {
  setCookie(c, refreshName(place), refresh.token, { ...ATTRIBUTES, expires: new Date(refresh.expiresAt) });
}

export function clearRefreshCookie(c: Context<Env>, place: Place): void {
  setCookie(c, refreshName(place), '', { ...ATTRIBUTES, maxAge: 0 });
}

export function setVerificationCookie(c: Context<Env>, place: Place, token: string, seconds: number): void {
  setCookie(c, verificationName(place), token, { ...ATTRIBUTES, maxAge: seconds });
}

export function clearVerificationCookie(c: Context<Env>, place: Place): void {
  setCookie(c, verificationName(place), '', { ...ATTRIBUTES, maxAge: 0 });
}

/** The refresh token of `X-Refresh-Token`, else of the cookie. */
export function carriedRefresh(c: Context<Env>, place: Place): Carried | undefined {
  return carried(c, 'x-refresh-token', refreshName(place));
}

/** The verification token of `X-Verification-Token`, else of the cookie. */
export function carriedVerification(c: Context<Env>, place: Place): Carried | undefined {
  return carried(c, 'x-verification-token', verificationName(place));
}

function carried(c: Context<Env>, header: string, cookie: string): Carried | undefined {
  const sent = c.req.header(header);
  if (sent) return { token: sent, byCookie: false };
  // Older clients hold the name without its prefix.
  const kept = getCookie(c, cookie) || getCookie(c, cookie.slice('__Host-'.length));
  return kept ? { token: kept, byCookie: true } : undefined;
}

function refreshName({ tenant }: Place): string {
  return `__Host-refresh_${tenant.prelude.appId}`;
}

function verificationName({ tenant }: Place): string {
  return `__Host-verification-login_${tenant.prelude.appId}`;
}
