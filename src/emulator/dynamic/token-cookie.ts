/**
 * Dynamic: cookie mode. Answers that sign in, verify or refresh carry the access token in the httpOnly cookie `DYNAMIC_JWT_TOKEN` and
 * neither token in their body; a call without `Authorization` is the cookie's. The name, path and `SameSite` are those with which the
 * official client writes this cookie itself; all else is inferred. The ID token, which no call takes, is then not handed out, and
 * elevated tokens stay in the body, as the client has to put them into a header. A page must be of the same site as the API: the same
 * host, whatever its port.
 */
import type { Context } from 'hono';
import { getCookie, setCookie } from 'hono/cookie';
import type { Env } from './errors.js';

const NAME = 'DYNAMIC_JWT_TOKEN';

/** Puts the access token into the answer's cookie until `expiresAt` (Unix seconds). */
export function setTokenCookie(c: Context<Env>, token: string, expiresAt: number): void {
  setCookie(c, NAME, token, { ...attributes(c), expires: new Date(expiresAt * 1000) });
}

/** Takes the cookie away. */
export function clearTokenCookie(c: Context<Env>): void {
  setCookie(c, NAME, '', { ...attributes(c), maxAge: 0 });
}

/** The access token in the request's cookie. */
export function tokenInCookie(c: Context<Env>): string | undefined {
  return getCookie(c, NAME);
}

function attributes(c: Context<Env>): { httpOnly: true; path: '/'; sameSite: 'Lax'; secure: boolean } {
  return { httpOnly: true, path: '/', sameSite: 'Lax', secure: new URL(c.req.url).protocol === 'https:' };
}
