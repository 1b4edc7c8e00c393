/** What a backend says when it lets nobody in (RFC 6750 §3, RFC 9449 §7.1). */

export class Refusal extends Error {
  constructor(status, scheme, { error, why, scope } = {}) {
    super(why ?? error ?? 'no token');
    Object.assign(this, { status, scheme, error, why, scope });
  }
}

/** Nobody is logged in, and nothing was tried: no `error` (RFC 6750 §3.1). */
export const nobody = () => new Refusal(401, 'Bearer');

/** The token is no good: log in anew, or refresh. */
export const badToken = (why) => new Refusal(401, 'Bearer', { error: 'invalid_token', why });

/** The proof is no good (RFC 9449 §7.1). */
export const badProof = (why) => new Refusal(401, 'DPoP', { error: 'invalid_dpop_proof', why });

/** Logged in, but not for this: step up to `scope`. */
export const stepUp = (scope, why) => new Refusal(403, 'Bearer', { error: 'insufficient_scope', why, scope });

/** Writes a refusal. `why` never has anything of the token in it: it is read by whoever sent it. */
export function refuse({ status, scheme, error, why, scope }, response) {
  const parts = [
    ['realm', 'transfers'],
    ['error', error],
    ['error_description', why],
    ['scope', scope],
    ['algs', scheme === 'DPoP' ? 'ES256' : undefined],
  ];
  const said = parts.filter(([, value]) => value !== undefined).map(([name, value]) => `${name}="${value}"`);
  if (scheme !== undefined) response.setHeader('www-authenticate', `${scheme} ${said.join(', ')}`);
  response.writeHead(status);
  response.end(JSON.stringify({ error: error ?? 'unauthorized' }));
}
