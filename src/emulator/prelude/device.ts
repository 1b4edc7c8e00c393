/** What a request says of the device that it comes from. Nothing of it is verified. */
import type { Context } from 'hono';
import type { Env } from './errors.js';

/** Prelude: a session's device, as `/me/list` shows it. */
export interface Device {
  device_model: string;
  device_type: 'desktop' | 'mobile' | 'tablet' | 'unknown';
  os_version: string;
}

/** Characters of a `User-Agent` that are looked at. */
const MAX_AGENT = 512;

type Row = [pattern: RegExp, type: Device['device_type'], model: string, system: string];

/** The first that fits decides: every iPhone says "Mac OS X" as well. Group 1 is the version of the system. */
const DEVICES: Row[] = [
  [/iPad.*? OS ([\d_]+)/, 'tablet', 'iPad', 'iPadOS'],
  [/iPhone.*? OS ([\d_]+)/, 'mobile', 'iPhone', 'iOS'],
  [/Android ([\d.]+)[^)]*\).*Mobile/, 'mobile', 'Android', 'Android'],
  [/Android ([\d.]+)/, 'tablet', 'Android', 'Android'],
  [/Mac OS X ([\d_.]+)/, 'desktop', 'Mac', 'macOS'],
  [/Windows NT ([\d.]+)/, 'desktop', 'PC', 'Windows NT'],
  [/X11; (?:Linux|CrOS)()/, 'desktop', 'PC', 'Linux'],
];

/** The device of a `User-Agent`; empty words for one that is none of a browser's. */
export function deviceOf(userAgent: string): Device {
  for (const [pattern, device_type, device_model, system] of DEVICES) {
    const found = pattern.exec(userAgent.slice(0, MAX_AGENT));
    if (!found) continue;
    const os_version = `${system} ${(found[1] ?? '').replaceAll('_', '.')}`.trim();
    return { device_model, device_type, os_version };
  }
  return { device_model: '', device_type: 'unknown', os_version: '' };
}

/**
 * The country of a request, ISO 3166-1 alpha-2. The service knows it by the address; on loopback there is none, so the region of the first
 * `Accept-Language` stands for it, and `ZZ` (unknown) where there is none.
 */
export function countryOf(c: Context<Env>): string {
  const [, region] = /^[a-z]{2,3}(?:-[A-Z][a-z]{3})?-([A-Z]{2})\b/.exec(c.req.header('accept-language') ?? '') ?? [];
  return region ?? 'ZZ';
}

/** Prelude: the platform of a client, for the hook's signals. */
export function platformOf(c: Context<Env>): 'WEB' | 'ANDROID' | 'IOS' {
  const agent = c.req.header('x-sdk-user-agent') ?? '';
  if (/android/i.test(agent)) return 'ANDROID';
  return /\b(ios|apple)\b/i.test(agent) ? 'IOS' : 'WEB';
}

/** The peer's address, where the listener is Node's. */
export function clientAddress(c: Context<Env>): string {
  const listener = c.env as { incoming?: { socket?: { remoteAddress?: string } } } | undefined;
  return (listener?.incoming?.socket?.remoteAddress ?? '').replace(/^::ffff:/, '');
}
