/** Which domains an app may have passkeys for, as a browser rules. */
import { isIP } from 'node:net';
import { UsageError } from '../errors.js';

/**
 * The domain that a passkey is for: the one that the service names, or the origin's host. WebAuthn §5.1.3 step 8: it must be the host or,
 * unless that is an IP address, a parent domain of it. Browsers also refuse public suffixes (`co.uk`), by a list that is not here: only
 * those of one label are refused. Throws UsageError ORIGIN_INVALID, also for an origin that is not secure.
 */
export function rpIdOf(origin: string, wanted: string | null | undefined): string {
  const { hostname } = secureOrigin(origin);
  const rpId = wanted ?? hostname;
  if (rpId === hostname) return rpId;
  const parent = !isIP(hostname) && /^[^.]+\../.test(rpId) && hostname.endsWith(`.${rpId}`);
  if (parent) return rpId;
  throw new UsageError('ORIGIN_INVALID', `A passkey for "${rpId.slice(0, 253)}" cannot be made or used at ${origin}.`, {
    field: '--origin',
    hint: 'The origin must be of the domain that the service names.',
  });
}

/** WebAuthn is for secure contexts: https, or http on this machine. */
function secureOrigin(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const local = url && /^(localhost|.+\.localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname);
  if (url && url.origin === text && (url.protocol === 'https:' || (url.protocol === 'http:' && local))) return url;
  throw new UsageError('ORIGIN_INVALID', 'A passkey needs a secure origin: https, or http on this machine.', {
    field: '--origin',
    hint: 'It is scheme, host and perhaps port, as in https://app.example.com or http://localhost:3000.',
  });
}
