/** Origins that may use an environment: every loopback one, and those of its settings. */
import type { Context } from 'hono';
import { DynamicError, type Env } from './errors.js';
import { shown } from '../shown.js';
import { settingsOf, type Place } from './parts.js';

/** An origin that may use the environment. */
export interface AllowedOrigin {
  /** Scheme, host and port. */
  origin: string;
  /** Host and port: the domain of a wallet's message. */
  host: string;
  /** Host without port: WebAuthn's `rpId`. */
  hostname: string;
}

const LOOPBACK = /^https?:\/\/(?:localhost|[a-z0-9-]+\.localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?$/;

/** True for an origin on this machine. */
export function isLoopback(origin: string): boolean {
  return LOOPBACK.test(origin);
}

/** True when pages of this origin may use the environment. */
export async function isAllowed(place: Place, origin: string): Promise<boolean> {
  return isLoopback(origin) || (await settingsOf(place)).allowedOrigins.includes(origin);
}

/** The request's origin. Throws DynamicError `bad_request` when there is none, or one that is not on the environment's list. */
export async function requireOrigin(c: Context<Env>, place: Place): Promise<AllowedOrigin> {
  const origin = c.req.header('origin');
  if (origin === undefined) throw refuse('one', 'none');
  if (!(await isAllowed(place, origin))) throw refuse("one on the environment's list", 'another', shown(origin));
  const { host, hostname } = new URL(origin);
  return { origin, host, hostname };
}

/** `details` say it in the event log; the answer only has `got`. */
function refuse(expected: string, got: string, details = got): DynamicError {
  const words = `Origin: expected ${expected}, got `;
  return new DynamicError('bad_request', `${words}${details}`, `${words}${got}`);
}
