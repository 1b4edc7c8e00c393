/** Whether a token is one of the service's: every check that a backend makes before it believes a claim (RFC 8725, RFC 9068 §4). */
import { compactVerify, decodeProtectedHeader, importJWK, type JWK } from 'jose';
import { bareIssuer } from '../address.js';
import type { Case } from '../backend/case.js';

/** By what a service's tokens are known. */
export interface TokenIssuer {
  /** Values of `iss`, the usual one first. A `https://` in front counts for nothing. */
  issuers: string[];
  keys: JWK[];
}

/** Both services sign with this alone. */
const ALGORITHM = 'RS256';
/** What two clocks may differ by. Seconds. */
const LEEWAY = 15;

/**
 * Checks a JWT whose header and claims could be decoded. `now` is by the service's clock, in milliseconds. Answers with every check, those
 * that could not be made because of another as failed too.
 */
export async function checkToken(
  token: string,
  claims: Record<string, unknown>,
  { issuers, keys }: TokenIssuer,
  now: number,
): Promise<Case[]> {
  const { alg, kid, typ } = decodeProtectedHeader(token);
  const key = keys.find((each) => kid !== undefined && each.kid === kid);
  const known = keys.map((each) => each.kid ?? 'one without a kid').join(', ');
  return [
    {
      name: 'alg',
      holds: alg === ALGORITHM,
      expected: ALGORITHM,
      got: shown(alg),
      hint: 'A backend that takes what the token says can be made to take no signature at all.',
    },
    {
      name: 'kid',
      holds: key !== undefined,
      expected: known === '' ? 'a key of the service, which publishes none' : `a key of the service: ${known}`,
      got: shown(kid),
      hint: 'It is of another application or service, or the key has been replaced.',
    },
    await signatureCase(token, key),
    {
      name: 'typ',
      holds: typ === undefined || /^(at\+)?jwt$/i.test(typ),
      expected: 'JWT or at+jwt',
      got: shown(typ),
      hint: 'A challenge token or a proof is no access token.',
    },
    {
      name: 'iss',
      holds: typeof claims.iss === 'string' && issuers.includes(bareIssuer(claims.iss)),
      expected: issuers.join(' or '),
      got: shown(claims.iss),
      hint: 'It is of another application, or of the live service where the emulator is meant.',
    },
    timeCase('exp', claims.exp, now, (seconds) => seconds * 1000 > now - LEEWAY * 1000, 'in the future'),
    ...(claims.nbf === undefined ? [] : [timeCase('nbf', claims.nbf, now, notAhead(now), 'in the past')]),
    ...(claims.iat === undefined ? [] : [timeCase('iat', claims.iat, now, notAhead(now), 'in the past')]),
  ];
}

async function signatureCase(token: string, key: JWK | undefined): Promise<Case> {
  const name = 'signature';
  const expected = `a ${ALGORITHM} signature by that key`;
  if (!key) return { name, holds: false, expected, got: 'not checked: there is no key for it' };
  try {
    await compactVerify(token, await importJWK(key, ALGORITHM), { algorithms: [ALGORITHM] });
    return { name, holds: true, expected, got: 'one' };
  } catch {
    return { name, holds: false, expected, got: 'none', hint: 'It was changed, or signed by somebody else.' };
  }
}

function notAhead(now: number): (seconds: number) => boolean {
  return (seconds) => seconds * 1000 <= now + LEEWAY * 1000;
}

function timeCase(
  name: string,
  value: unknown,
  now: number,
  holds: (seconds: number) => boolean,
  expected: string,
): Case {
  if (typeof value !== 'number' || Number.isNaN(new Date(value * 1000).getTime())) {
    return { name, holds: false, expected: `an instant ${expected}`, got: shown(value) };
  }
  const seconds = Math.round(Math.abs(value - now / 1000));
  return {
    name,
    holds: holds(value),
    expected: `an instant ${expected}`,
    got: `${new Date(value * 1000).toISOString()}, ${seconds} s ${value * 1000 > now ? 'ahead' : 'ago'}`,
    hint: name === 'exp' ? 'It has ended.' : 'It is not good yet, or a clock is wrong.',
  };
}

function shown(value: unknown): string {
  if (value === undefined) return 'none';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}
