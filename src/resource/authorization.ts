/** What goes into the head of a call of the developer's own API. */
import { UsageError } from '../errors.js';
import type { ApiCredentials } from '../providers/provider.js';

/** The header in which Dynamic's elevated token travels, as its official clients send it. */
export const ELEVATED_HEADER = 'x-dyn-elevated-access-token';

/** Headers of the connection, which are not the caller's to choose (RFC 9110 §7.6.1), and those that the body decides on. */
export const OF_CONNECTION =
  /^(host|connection|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade|expect|content-length|content-encoding)$/;

/** A header for the elevated token, in lower case; `field` is the flag or option that names it. Throws UsageError FLAG_INVALID. */
export function parseElevatedHeader(text: string, field = '--elevated-header'): string {
  const name = text.toLowerCase();
  const taken = name === 'authorization' || name === 'dpop' || OF_CONNECTION.test(name);
  if (/^[!#$%&'*+.^_`|~\w-]{1,128}$/.test(name) && !taken) return name;
  throw new UsageError('FLAG_INVALID', `${field} takes the name of a header that carries nothing else.`, {
    field,
    hint: 'For example: x-elevated-token',
  });
}

export interface AuthorizedRequest {
  method: string;
  /** The whole address that is called. */
  url: string;
  /** The API's own DPoP nonce, where it has given one (RFC 9449 §9). */
  nonce?: string | undefined;
  /** Where an elevated token goes that stands beside the access token. */
  elevatedHeader?: string | undefined;
}

/**
 * The headers that carry the credentials, names in lower case: `authorization` with the scheme `DPoP` and a fresh `dpop` proof where the
 * token is bound to a key (RFC 9449 §7.1), `Bearer` otherwise (RFC 6750 §2.1), and Dynamic's elevated token in a header of its own.
 */
export async function authorizationHeaders(
  { accessToken, elevatedToken, proof }: ApiCredentials,
  { method, url, nonce, elevatedHeader = ELEVATED_HEADER }: AuthorizedRequest,
): Promise<Record<string, string>> {
  return {
    authorization: `${proof ? 'DPoP' : 'Bearer'} ${accessToken}`,
    ...(proof ? { dpop: await proof({ method, url, nonce }) } : {}),
    ...(elevatedToken === undefined ? {} : { [elevatedHeader]: elevatedToken }),
  };
}
