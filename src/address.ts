/** Addresses, as everybody who compares them must see them. For any runtime. */

/** True for a host that is this machine (RFC 6761 §6.3, RFC 1122 §3.2.1.3, RFC 4291 §2.5.3). `hostname` as a URL has it. */
export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname);
}

/**
 * An http address without query and fragment, in the normal form of RFC 3986 §6.2.2 and §6.2.3 (letters of scheme and host, default port,
 * dots, escapes), as RFC 9449 §4.3 (9) has it of `htu`; undefined for any other text.
 */
export function normalised(address: string): URL | undefined {
  if (!/^https?:\/\//i.test(address) || !URL.canParse(address)) return undefined;
  const url = new URL(address);
  url.search = '';
  url.hash = '';
  url.pathname = url.pathname.replace(/%[\da-f]{2}/gi, (escape) => {
    const character = String.fromCharCode(Number.parseInt(escape.slice(1), 16));
    return /[\w.~-]/.test(character) ? character : escape.toUpperCase();
  });
  return url;
}

/** An issuer without `https://` and a slash at its end, which count for nothing: the services' tokens leave them out. */
export function bareIssuer(issuer: string): string {
  return issuer.replace(/^https:\/\//, '').replace(/\/+$/, '');
}
