/** Just enough of cookies (RFC 6265) for an API that hands out tokens in them: names and values, no domains or paths. */

export type Cookies = Record<string, string>;

/** The cookies after an answer: new ones set, ended ones (empty, or `Max-Age=0`) gone. */
export function takeCookies(before: Cookies, headers: Headers): Cookies {
  const cookies = new Map(Object.entries(before));
  for (const line of headers.getSetCookie()) {
    const [pair = '', ...attributes] = line.split(';');
    const split = pair.indexOf('=');
    if (split < 1) continue;
    const name = pair.slice(0, split).trim();
    const value = pair.slice(split + 1).trim();
    const ended = value === '' || attributes.some((attribute) => /^\s*max-age\s*=\s*(0|-\d+)\s*$/i.test(attribute));
    if (ended) cookies.delete(name);
    else cookies.set(name, value);
  }
  return Object.fromEntries(cookies);
}

/** The `Cookie` header's value; undefined when there are none. */
export function cookieHeader(cookies: Cookies | undefined): string | undefined {
  const pairs = Object.entries(cookies ?? {}).map(([name, value]) => `${name}=${value}`);
  return pairs.length > 0 ? pairs.join('; ') : undefined;
}
