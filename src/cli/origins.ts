/** To which origins of the developer's APIs the tokens of an application may go. */
import { isLoopback } from '../address.js';
import { UsageError } from '../errors.js';
import { sessionKeyOf } from '../providers/target.js';
import type { Context } from './context.js';

/** The flag that allows an origin. */
export const ALLOW_FLAG = '--allow-origin';

/**
 * Whether tokens may go to an origin. `given` are the values of `--allow-origin`: they are allowed from now on, and kept for the
 * application. Otherwise a person at the terminal is asked, once for each origin. Always true: throws UsageError ORIGIN_NOT_ALLOWED for
 * every other, and for plain http beyond this machine unless `insecure`; ORIGIN_INVALID for a flag that names none.
 */
export async function allowOrigin(
  context: Context,
  origin: string,
  given: readonly string[],
  { insecure = false }: { insecure?: boolean | undefined } = {},
): Promise<boolean> {
  const { store, terminal } = context;
  const { protocol, hostname, host } = new URL(origin);
  const named = given.map((each) => parseOrigin(each));
  if (protocol === 'http:' && !isLoopback(hostname) && !insecure) {
    throw new UsageError('ORIGIN_NOT_ALLOWED', `Over plain http anybody on the way can read the token: ${origin}`, {
      field: 'url',
      hint: 'Use https. On a network that is your own, --insecure sends it all the same.',
    });
  }
  const key = sessionKeyOf(await context.target());
  const kept = await store.allowedOrigins(key);
  const added = named.filter((each) => !kept.includes(each));
  if (added.length > 0) await store.allowOrigins(key, added);
  if (kept.includes(origin) || named.includes(origin)) return true;
  if (terminal.interactive && (await terminal.confirm(`Send your token to ${host} (${origin})?`, ALLOW_FLAG))) {
    await store.allowOrigins(key, [origin]);
    return true;
  }
  throw new UsageError('ORIGIN_NOT_ALLOWED', `Tokens are not sent to ${origin}: it is not among the allowed origins.`, {
    field: 'url',
    hint: `If it is your API, allow it with ${ALLOW_FLAG} ${origin}; it is remembered for this application.`,
  });
}

/** The origin in a value of `--allow-origin`, or of another flag. Throws UsageError ORIGIN_INVALID. */
export function parseOrigin(text: string, flag = ALLOW_FLAG): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const bare = url && url.pathname === '/' && url.search === '' && url.hash === '' && !url.username && !url.password;
  if (url && bare && /^https?:$/.test(url.protocol)) return url.origin;
  throw new UsageError('ORIGIN_INVALID', `${flag} takes an origin: scheme, host and perhaps a port, and no path.`, {
    field: flag,
    hint: 'For example: https://api.example.com or http://localhost:3000',
  });
}
