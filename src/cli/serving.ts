/** What our long-running servers share: where they listen, and how long. */
import { isLoopback } from '../address.js';
import { UsageError } from '../errors.js';

/** A port from a flag; 0 picks a free one. Throws UsageError FLAG_INVALID. */
export function parsePort(text: string, flag: string): number {
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port;
  throw new UsageError('FLAG_INVALID', `${flag} takes a port from 0 to 65535, not "${text}".`, { field: flag });
}

/** A host to listen on: this machine only. Throws UsageError FLAG_INVALID. */
export function parseLoopbackHost(text: string, flag = '--host'): string {
  if (isLoopback(text.includes(':') ? `[${text}]` : text)) return text;
  throw new UsageError('FLAG_INVALID', `${flag} takes an address of this machine only, not "${text}".`, {
    field: flag,
    hint: 'For example: 127.0.0.1, ::1 or localhost. To be reached from elsewhere, use a tunnel.',
  });
}

/** The address of what listens on a host and port. */
export function urlOf(host: string, port: number): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** Resolves when the signal fires (Ctrl-C, SIGTERM). */
export function interrupted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
