/** The answer to a request that may not come in (RFC 6750 §3, RFC 9449 §7.1, RFC 9470 §3). */
import type { Refusal, RefusalError } from './types.js';

export type Scheme = 'Bearer' | 'DPoP';

/** Algorithms that a proof may have. */
export const PROOF_ALGORITHM = 'ES256';
/** Seconds after which a client may ask again when this backend cannot tell who it is. */
const RETRY_AFTER = 5;

const STATUS: Record<RefusalError, number> = {
  unauthorized: 401,
  invalid_request: 400,
  invalid_token: 401,
  invalid_dpop_proof: 401,
  use_dpop_nonce: 401,
  insufficient_scope: 403,
  insufficient_user_authentication: 401,
  temporarily_unavailable: 503,
};

export interface RefusalFacts {
  /** How the request came; without one, it did not say who it is. */
  scheme?: Scheme | undefined;
  /** Other challenges to name beside. */
  also?: string | undefined;
  /** Scopes that are demanded, with blanks between. */
  scope?: string | undefined;
  maxAge?: number | undefined;
  acrValues?: readonly string[] | undefined;
  nonce?: string | undefined;
  cause?: unknown;
}

/** Thrown inside, from the check that failed to where the request came in. Its words are ours: nothing of the request is in them. */
export class Refused extends Error {
  constructor(
    readonly error: RefusalError,
    readonly reason: string,
    readonly facts: RefusalFacts = {},
  ) {
    super(reason);
  }
}

/** The refusal that a failed check makes. `scheme`: how the request came, where the check does not say. */
export function refusalOf({ error, reason, facts }: Refused, scheme: Scheme): Refusal {
  const status = STATUS[error];
  const { scope, nonce, cause } = facts;
  const body = {
    error,
    ...(status === 503 ? {} : { error_description: reason }),
    ...(scope === undefined ? {} : { scope }),
  };
  const headers = {
    'content-type': 'application/json',
    'cache-control': 'no-store',
    ...(status === 503
      ? { 'retry-after': String(RETRY_AFTER) }
      : { 'www-authenticate': challenge(error, reason, { scheme, ...facts }) }),
    ...(nonce === undefined ? {} : { 'dpop-nonce': nonce }),
  };
  const text = JSON.stringify(body);
  return {
    ok: false,
    status,
    error,
    reason,
    ...(cause === undefined ? {} : { cause }),
    headers,
    body,
    response: () => new Response(text, { status, headers }),
    send: (response) => void response.writeHead(status, headers).end(text),
  };
}

function challenge(error: RefusalError, reason: string, facts: RefusalFacts): string {
  const { scheme = 'Bearer', also, scope, maxAge, acrValues } = facts;
  const isSilent = error === 'unauthorized';
  const params = {
    error: isSilent ? undefined : error,
    error_description: isSilent ? undefined : reason,
    scope,
    max_age: maxAge,
    acr_values: acrValues?.join(' '),
    algs: scheme === 'DPoP' ? PROOF_ALGORITHM : undefined,
  };
  const said = Object.entries(params).filter(([, value]) => value !== undefined);
  const own = [scheme, said.map(([name, value]) => `${name}="${value}"`).join(', ')].filter(Boolean).join(' ');
  return also === undefined ? own : `${own}, ${also}`;
}
