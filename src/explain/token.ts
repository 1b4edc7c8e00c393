/** An access token, or Dynamic's elevated one: whose it is, until when, and for what (RFC 9068 §4). */
import { bareIssuer } from '../address.js';
import { RANKS, type Finding } from './check.js';
import { readJws, type Claims, type Jws } from './jws.js';
import { signatureFindings } from './keys.js';
import { aToken, kindOf, NAMES, type TokenKind } from './kinds.js';
import { scopeFindings } from './scope.js';
import { shown, shownList } from './shown.js';
import { lifeFindings } from './times.js';
import type { World } from './world.js';

export interface LookedAt {
  findings: Finding[];
  /** Absent where it is no token. */
  jws?: Jws | undefined;
}

export interface TokenPlace {
  /** Which of them belongs there; any that a service gives out where nothing is said. */
  wanted?: TokenKind | undefined;
  /** Before the name of each check. */
  prefix?: string | undefined;
  /** Scopes that this token must hold; undefined where another one has to. */
  scopes?: readonly string[] | undefined;
  /** When a proof that goes along was made, in milliseconds. */
  sentAt?: number | undefined;
  /** Whether it is what a header has, with all that is around it. */
  asSent?: boolean | undefined;
}

/** Where each kind goes, as half a sentence. */
const GOES: Record<TokenKind, string> = {
  access: 'in Authorization',
  elevated: 'beside the access token, in x-dyn-elevated-access-token',
  challenge: 'in the body of calls of Prelude, and to no API',
  proof: 'in the header DPoP',
  verification: 'to Prelude, which it tells that a custom step is done',
};

/** Looks at a token. */
export async function tokenFindings(text: string, world: World, place: TokenPlace = {}): Promise<LookedAt> {
  const { prefix = '', wanted, scopes, sentAt } = place;
  const { jws, form } = readJws(text, wanted === undefined ? 'token' : NAMES[wanted], place.asSent);
  if (!jws) return { findings: [{ ...form, check: `${prefix}form` }] };
  const kind = kindOf(jws);
  const what = NAMES[kind];
  const signed = { what, prefix, alg: 'RS256', owner: 'the service', needsKid: false };
  const ofChallenge = kind === 'challenge';
  const keys = await world.keys(ofChallenge ? 'challenges' : kind === 'verification' ? 'developer' : 'tokens');
  return {
    jws,
    findings: [
      { ...form, check: `${prefix}form` },
      typeFinding(jws, kind, { prefix, wanted }),
      ...(await signatureFindings(jws, keys, ofChallenge ? { ...signed, alg: 'ES256' } : signed)),
      ...issuerFindings(jws.claims, world, { what, prefix, needed: !ofChallenge }),
      ...lifeFindings(jws.claims, world, { what, prefix, sentAt }),
      ...audienceFindings(jws.claims, world, { what, prefix }),
      ...(scopes === undefined || ofChallenge ? [] : scopeFindings(jws.claims, scopes, { what, prefix })),
      sessionFinding(jws.claims, world, prefix),
      ...useFindings(jws.claims, prefix),
    ],
  };
}

function typeFinding(
  { header: { typ } }: Jws,
  kind: TokenKind,
  { prefix, wanted }: { prefix: string; wanted: TokenKind | undefined },
): Finding {
  const right = wanted === undefined ? kind === 'access' || kind === 'elevated' : kind === wanted;
  const expected = aToken(wanted ?? 'access');
  const finding = { check: `${prefix}kind`, expected, actual: `${NAMES[kind]} (typ ${shown(typ)})`, rank: RANKS.kind };
  if (!right) {
    const cause = `This is ${aToken(kind)}, which goes ${GOES[kind]}.`;
    return { ...finding, ok: false, cause, hint: `Send ${aToken(wanted ?? 'access')} here.` };
  }
  if (typ === undefined || (typeof typ === 'string' && /^(at\+)?jwt$/i.test(typ))) return { ...finding, ok: true };
  return { ...finding, ok: false, cause: `The typ of the ${NAMES[kind]} is ${shown(typ)}, and not JWT or at+jwt.` };
}

function issuerFindings(
  { iss }: Claims,
  { issuers, provider }: World,
  { what, prefix, needed }: { what: string; prefix: string; needed: boolean },
): Finding[] {
  const check = `${prefix}iss`;
  if (!needed && iss === undefined) return [];
  if (issuers === undefined || issuers.length === 0) {
    const hint = 'Name the application (--profile, --emulator), or the issuer with --issuer.';
    return [{ check, ok: null, expected: 'not known here', actual: shown(iss), hint }];
  }
  const finding = { check, expected: shownList(issuers), actual: shown(iss), rank: RANKS.origin };
  if (typeof iss !== 'string') return [{ ...finding, ok: false, cause: `The ${what} names no issuer (iss).` }];
  if (issuers.some((each) => bareIssuer(each) === bareIssuer(iss))) return [{ ...finding, ok: true }];
  return [
    {
      ...finding,
      ok: false,
      // The issuer says more than its key does.
      rank: RANKS.origin - 1,
      cause: `The ${what} is of another issuer: ${shown(iss)}, and not ${shown(issuers[0])}.`,
      hint:
        provider === 'prelude'
          ? 'It is of another application, or of another host of this one (a domain of your own). Name it with --profile or --issuer.'
          : 'It is of another environment. Name that one with --profile or --environment.',
    },
  ];
}

/** Dynamic: `aud` is the origin of the app. */
function audienceFindings(
  { aud }: Claims,
  { audience, provider }: World,
  { what, prefix }: { what: string; prefix: string },
): Finding[] {
  if (provider !== 'dynamic' || aud === undefined) return [];
  const named = Array.isArray(aud)
    ? aud.filter((each) => typeof each === 'string')
    : typeof aud === 'string'
      ? [aud]
      : [];
  const finding = { check: `${prefix}aud`, actual: shownList(named), rank: RANKS.claim };
  if (audience === undefined) return [{ ...finding, ok: null, expected: 'not known here' }];
  if (named.includes(audience)) return [{ ...finding, ok: true, expected: audience }];
  const cause = `The ${what} is for another origin: ${shownList(named)}, and not ${audience}.`;
  const hint = 'Your server must allow each origin of your app; name this one with --origin.';
  return [{ ...finding, ok: false, expected: audience, cause, hint }];
}

/** Whose it is. Another session than ours is no mistake: the token may be anybody's. */
function sessionFinding({ sub, sid }: Claims, { session }: World, prefix: string): Finding {
  const actual = `${shown(sid)} of ${shown(sub)}`;
  const check = `${prefix}session`;
  if (session && sid === session.sessionId) {
    return {
      check,
      ok: null,
      expected: 'not revoked',
      actual: `${actual}, which is open in this store`,
      hint: REVOKED,
    };
  }
  return { check, ok: null, expected: 'not revoked', actual, hint: REVOKED };
}

const REVOKED = 'Whether it was revoked only the service knows: a signature outlives a logout.';

function useFindings({ singleUse, jti }: Claims, prefix: string): Finding[] {
  if (singleUse !== true) return [];
  const hint = 'It is good for one call: whether it is spent only the server knows, by its jti.';
  return [
    { check: `${prefix}use`, ok: null, expected: 'not spent', actual: `for a single use (jti ${shown(jti)})`, hint },
  ];
}
