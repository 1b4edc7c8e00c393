/** What a request that got no usable answer becomes. Messages name the host and never what was sent. */
import { UnreachableError, type ErrorDetails } from '../errors.js';

const TLS_CODES =
  /^(DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_|CERT_|CRL_|ERR_TLS_CERT_|HOSTNAME_MISMATCH|INVALID_CA|PATH_LENGTH_EXCEEDED|INVALID_PURPOSE)/;

const WORDS: Record<string, string> = {
  ECONNREFUSED: 'refused the connection',
  ECONNRESET: 'closed the connection',
  UND_ERR_SOCKET: 'closed the connection',
  EPIPE: 'closed the connection',
  ENOTFOUND: 'is not known to DNS',
  EAI_AGAIN: 'cannot be looked up in DNS now',
  EHOSTUNREACH: 'cannot be reached from this network',
  ENETUNREACH: 'cannot be reached from this network',
  'bad port': 'has a port that no fetch calls, as it is another protocol’s',
};

/** The system's or TLS's code of a failed fetch, e.g. `ECONNREFUSED`; undefined when it gives none. */
function causeCode(error: unknown): string | undefined {
  for (let at: unknown = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth += 1) {
    if ('code' in at && typeof at.code === 'string') return at.code;
    // Fetch standard, "port blocking": it has no code of its own.
    if (at.message === 'bad port') return at.message;
    if (at instanceof AggregateError && at.errors.length > 0) {
      const inner = causeCode(at.errors[0]);
      if (inner) return inner;
    }
  }
  return undefined;
}

/** Maps a rejected fetch: TLS_UNTRUSTED, TIMED_OUT, ANSWER_MALFORMED (no HTTP) or SERVICE_UNREACHABLE. */
export function networkFailure(error: unknown, host: string, timeoutMs: number): UnreachableError {
  const code = causeCode(error);
  if (code && TLS_CODES.test(code)) {
    return new UnreachableError('TLS_UNTRUSTED', `The TLS certificate of ${host} is not trusted (${code}).`, {
      hint: 'If the certificate is your own or the emulator’s, name its file in NODE_EXTRA_CA_CERTS.',
    });
  }
  if (code === 'UND_ERR_CONNECT_TIMEOUT' || code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'ETIMEDOUT') {
    return timedOut(host, timeoutMs);
  }
  if (code?.startsWith('HPE_')) {
    return malformed(`${host} did not answer in HTTP (${code}).`, {
      hint: 'Check the address: http or https, and the port.',
    });
  }
  const said = code && WORDS[code];
  const why = said ? `${host} ${said} (${code}).` : `${host} cannot be reached${code ? ` (${code})` : ''}.`;
  const hint = code?.startsWith('ERR_SSL_')
    ? 'Check the address: does it speak https?'
    : 'Check the address and your network, and that the service is running.';
  return new UnreachableError('SERVICE_UNREACHABLE', why, { hint });
}

/** TIMED_OUT, naming the flag that gives it longer. */
export function timedOut(host: string, timeoutMs: number): UnreachableError {
  const within = timeoutMs > 0 ? ` within ${timeoutMs / 1000} s` : ' in time';
  return new UnreachableError('TIMED_OUT', `${host} did not answer${within}.`, {
    hint: 'Try again, or give it longer with --timeout SECONDS.',
  });
}

/** ANSWER_MALFORMED: the answer is not what the service promises. Never quotes it. */
export function malformed(message: string, details: ErrorDetails = {}): UnreachableError {
  return new UnreachableError('ANSWER_MALFORMED', message, details);
}

/**
 * RATE_LIMITED for 429, SERVICE_FAILING for 5xx; undefined for any other status. `retryAfter` is in seconds; `page` says that the
 * body is no JSON, so that something in front of the service may have answered; `words` are the answer's own, for people.
 */
export function serviceFailure(
  status: number,
  host: string,
  { page = false, words, ...details }: ErrorDetails & { page?: boolean | undefined; words?: string | undefined },
): UnreachableError | undefined {
  const { retryAfter } = details;
  if (status === 429) {
    const wait = retryAfter === undefined ? '' : `: it asks to wait ${retryAfter} s`;
    return new UnreachableError('RATE_LIMITED', `${host} limits the rate of requests${wait}.`, {
      hint: `Wait ${retryAfter === undefined ? 'a while' : `${retryAfter} s`}, then run the same command again.`,
      ...details,
      status,
    });
  }
  if (status === 501) {
    return new UnreachableError('SERVICE_FAILING', `${host} does not have this call (status 501).`, {
      ...details,
      status,
    });
  }
  if (status >= 500) {
    const wait = retryAfter === undefined ? '' : ` It asks to wait ${retryAfter} s.`;
    const what = `status ${status}${page ? ' and an error page that is not JSON' : ''}`;
    const said = words === undefined ? '' : ` It says: ${words.replace(/\.?$/, '.')}`;
    return new UnreachableError('SERVICE_FAILING', `${host} is failing: it answered with ${what}.${said}${wait}`, {
      hint: 'Try again later.',
      ...details,
      status,
    });
  }
  return undefined;
}

/** Seconds that a `Retry-After` asks to wait (RFC 9110 §10.2.3: seconds, or an HTTP date). `now` is in milliseconds. */
export function retryAfterSeconds(value: string | null, now: number): number | undefined {
  if (value === null) return undefined;
  if (/^\d{1,9}$/.test(value.trim())) return Number(value);
  const at = Date.parse(value);
  return Number.isNaN(at) ? undefined : Math.max(0, Math.ceil((at - now) / 1000));
}
