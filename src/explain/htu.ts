/** For which address a proof is (RFC 9449 §4.3): what differs, and what usually makes that difference. */
import { isLoopback, normalised } from '../address.js';
import { RANKS, type Finding } from './check.js';
import { shown, shownUrl } from './shown.js';

/** What is known of the address that was called. */
export interface Called {
  /** The whole address, where it is known. */
  url?: string | undefined;
  /** Whether it was said that the server itself believes so. */
  isServers?: boolean | undefined;
  /** Only path and host, where the scheme is not known. */
  target?: string | undefined;
  host?: string | undefined;
  /** The address before whatever stands in front of the server, as that has told it. */
  forwarded?: string | undefined;
}

/** Checks `htu` against the address that was called. */
export function htuFinding(htu: unknown, called: Called, prefix: string): Finding {
  const check = `${prefix}htu`;
  const claimed = typeof htu === 'string' ? normalised(htu) : undefined;
  const guess = called.url === undefined && called.target !== undefined && called.host !== undefined;
  // Behind TLS termination the scheme cannot be seen: what the proof says is taken for it.
  const address = guess ? `${claimed?.protocol ?? 'https:'}//${called.host}${called.target}` : called.url;
  const server = address === undefined ? undefined : normalised(address);
  const finding = { check, expected: shownUrl(address ?? 'the address that was called'), rank: RANKS.target };
  if (!claimed) {
    const actual = typeof htu === 'string' ? `${shownUrl(htu)}, which is no http address` : shown(htu);
    const cause = `The proof is for no address: its htu must be the whole one, with scheme and host.`;
    return { ...finding, ok: false, actual, cause, hint: 'Set htu to the address of the request, without its query.' };
  }
  const actual = shownUrl(String(htu));
  if (!server) {
    return { ...finding, ok: null, actual, hint: 'Say how the server believes it is called: --url URL' };
  }
  if (same(claimed, server)) return matching(String(htu), claimed, { ...finding, actual });
  const outer = called.forwarded === undefined ? undefined : normalised(called.forwarded);
  if (outer && same(claimed, outer)) {
    return {
      ...finding,
      // What the server makes of what the proxy tells, only its own configuration says.
      ok: called.isServers ? false : null,
      actual,
      cause:
        'The proof is for the public address, and a server behind a proxy that compares it with its own refuses it.',
      hint: `Let the server build its address from what the proxy tells (X-Forwarded-Proto, -Host, -Prefix), or from a setting: ${shownUrl(called.forwarded!)}`,
    };
  }
  return { ...finding, ok: false, actual, ...differenceOf(claimed, server) };
}

function matching(
  htu: string,
  claimed: URL,
  finding: Pick<Finding, 'check' | 'expected' | 'actual' | 'rank'>,
): Finding {
  if (/[?#]/.test(htu)) {
    return {
      ...finding,
      ok: false,
      actual: `${finding.actual} with a query or fragment`,
      rank: RANKS.style,
      cause:
        'The htu of the proof has the query: RFC 9449 §4.2 leaves it out, and servers that compare text refuse it.',
      hint: 'Leave query and fragment out of htu.',
    };
  }
  const written = `${claimed.protocol}//${claimed.host}${claimed.pathname}`;
  if (written === htu || written === `${htu}/`) return { ...finding, ok: true };
  return { ...finding, ok: true, actual: `${finding.actual}, written otherwise` };
}

function differenceOf(claimed: URL, server: URL): Pick<Finding, 'cause' | 'hint'> {
  const sameScheme = claimed.protocol === server.protocol;
  const sameName = claimed.hostname === server.hostname;
  const sameHost = claimed.host === server.host || (!sameScheme && sameName && !claimed.port && !server.port);
  const samePath = claimed.pathname === server.pathname;
  if (sameHost && samePath && !sameScheme) return schemeDifference(claimed, server);
  if (sameScheme && samePath && sameName) {
    const ports = `${claimed.port || 'none'} and not ${server.port || 'none'}`;
    return {
      cause: `The proof is for another port: ${ports}.`,
      hint: 'The port that the client calls counts; a server behind a proxy or in a container sees its own.',
    };
  }
  if (samePath && isLoopback(claimed.hostname) && isLoopback(server.hostname)) {
    return {
      cause: `The proof is for ${claimed.host}, and the server is called ${server.host}: two names of one machine are two addresses.`,
      hint: 'Use one name in both, localhost or 127.0.0.1.',
    };
  }
  if (samePath) {
    return {
      cause: `The proof is for another host: ${shown(claimed.host)} and not ${shown(server.host)}.`,
      hint: 'A proxy may change Host: let the server build its address from X-Forwarded-Host, or from a setting.',
    };
  }
  return pathDifference(claimed.pathname, server.pathname);
}

function schemeDifference(claimed: URL, server: URL): Pick<Finding, 'cause' | 'hint'> {
  return server.protocol === 'http:'
    ? {
        cause:
          'The proof is for https, and the server believes that it is called by http: TLS ends before it, at a proxy.',
        hint: 'Let the server trust X-Forwarded-Proto of its proxy, or set its public address.',
      }
    : {
        cause: `The proof is for ${claimed.protocol.slice(0, -1)}, and the server is called by https.`,
        hint: 'Sign the address that is really called: https.',
      };
}

function pathDifference(claimed: string, server: string): Pick<Finding, 'cause' | 'hint'> {
  const bare = (path: string): string => path.replace(/\/+$/, '');
  if (bare(claimed) === bare(server)) {
    const which = claimed.endsWith('/')
      ? 'has a slash at its end, and the request has none'
      : 'lacks the slash at the end';
    return { cause: `The htu of the proof ${which}.`, hint: 'Sign the path exactly as it is requested.' };
  }
  if (server !== '/' && claimed.endsWith(server)) {
    const prefix = claimed.slice(0, claimed.length - server.length);
    return {
      cause: `A proxy takes ${shown(prefix)} off the path: the proof has it, and the server does not see it.`,
      hint: `Let the server put ${shown(prefix)} (X-Forwarded-Prefix) before its path, or compare with its public address.`,
    };
  }
  if (server.endsWith(claimed) && claimed !== '/') {
    const prefix = server.slice(0, server.length - claimed.length);
    return {
      cause: `The htu of the proof lacks ${shown(prefix)}, with which the server's path begins.`,
      hint: 'Sign the whole path of the request, with what a base address has before it.',
    };
  }
  if (claimed.toLowerCase() === server.toLowerCase()) {
    return { cause: 'The path of the proof is written in other letters: paths know capitals.', hint: undefined };
  }
  return {
    cause: `The proof is for another path: ${shown(claimed)} and not ${shown(server)}.`,
    hint: 'Make a new proof for each request, for its own address.',
  };
}

function same(one: URL, other: URL): boolean {
  return one.protocol === other.protocol && one.host === other.host && one.pathname === other.pathname;
}
