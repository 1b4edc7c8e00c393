/** Requests with the wrong token: what every API has to refuse that demands a scope. */
import { authorizationHeaders } from '../resource/authorization.js';
import type { Attempt, Claims, ProbeWorld, Refusal, Trial } from './attempt.js';
import type { Presenter } from './bearer.js';
import { byAnotherKey, hmacWithPublicKey, unsigned } from './forged.js';

/** A scope that the probe makes up. */
const ANOTHER = 'stepup-probe:other';
/** More than the leeway of any verifier by default. Seconds. */
const LATE = 600;
/** A token that ends sooner may be over when it arrives. Milliseconds. */
const SPARE = 5000;
const ONLY_EMULATOR = 'Only an emulator issues such a token: point the API and stepup at one.';
const SIGNATURE = 'Verify the signature with the key of the service’s key set that kid names, and take RS256 alone.';

/** The requests in the order in which they are made; the good ones first. */
export function tokenTrials(world: ProbeWorld, presenter: Presenter): Trial[] {
  const { show, copy } = presenter;
  const forged = (name: string, make: () => Promise<string> | string): Attempt => ({
    name,
    hint: SIGNATURE,
    refusal: 'token',
    present: async (nonce) => show(await make(), nonce),
  });
  const [hs256, ...otherForms] = hmacWithPublicKey(copy(), world.keys);
  const now = Math.floor(world.now() / 1000);
  return [
    good(world),
    {
      name: 'no token',
      hint: 'The route is open to everybody: put it behind the check.',
      refusal: 'nobody',
      present: () => Promise.resolve({}),
    },
    minted(world, presenter, 'a good token of a test', 'none', {
      hint: 'The emulator’s own token for a test is refused, perhaps for a claim that it has not: the rest proves less.',
      refusal: 'open',
      good: 'control',
    }),
    before(world, presenter),
    used(world),
    minted(world, presenter, 'another scope', 'none', {
      hint: 'Look for the scope itself among the words of the token’s scope.',
      refusal: 'scope',
      claims: { scope: ANOTHER },
    }),
    minted(world, presenter, 'the scope as a part of another', 'scope-substring', {
      hint: 'Split the scope at its blanks and compare whole words: a search in the text finds parts of others.',
      refusal: 'scope',
    }),
    minted(world, presenter, 'expired', 'none', {
      hint: 'Check exp against the clock; clocks differ by a minute or so, not by ten.',
      claims: { iat: now - 2 * LATE, nbf: now - 2 * LATE, exp: now - LATE },
    }),
    minted(world, presenter, 'not yet valid', 'not-yet-valid', { hint: 'Check nbf, where there is one.' }),
    forged('signed by another key', () => byAnotherKey(copy())),
    forged('alg none', () => unsigned(copy())),
    hs256 === undefined
      ? { name: 'HS256 with the public key', why: 'The service publishes no RSA key.' }
      : {
          ...forged('HS256 with the public key', () => hs256),
          also: otherForms.map((token) => (nonce) => show(token, nonce)),
        },
    minted(world, presenter, 'another issuer', 'wrong-issuer', {
      hint: 'Compare iss with the one issuer that you trust.',
    }),
    minted(world, presenter, 'another app', 'wrong-app', {
      hint: 'Compare the whole of iss: it names the application, not only the service.',
    }),
    minted(world, presenter, 'a challenge token', 'challenge-token', {
      hint: 'A step-up that is under way grants nothing: take access tokens of the service alone.',
      // Dynamic: the service has signed it as any other; it holds no scope.
      refusal: world.provider === 'dynamic' ? 'open' : 'token',
    }),
    verification(world, presenter),
    revoked(world, presenter),
  ];
}

/** The real tokens. */
function good(world: ProbeWorld): Attempt {
  const { credentials, method, url, elevatedHeader } = world;
  return {
    name: 'the elevated token',
    hint: 'It holds the scope. Either the API trusts another issuer or application, or it wants something else: see stepup explain.',
    refusal: 'open',
    good: true,
    present: (nonce) => authorizationHeaders(credentials, { method, url, nonce, elevatedHeader }),
  };
}

/** A good one once more, while there is one: the real, else one that is minted where `mayMint`. */
export function lastTrial(world: ProbeWorld, { claims, show }: Presenter, mayMint: boolean): Attempt | undefined {
  const hint =
    'At first it was let in. The API has gone away, or limits how often it is called: what it has refused before proves little.';
  const { credentials, mint } = world;
  if (!credentials.singleUse && Date.parse(credentials.expiresAt) > world.now() + SPARE) {
    return { ...good(world), name: 'the elevated token, once more', hint };
  }
  if (!mint || !mayMint) return undefined;
  return {
    name: 'a good token of a test, once more',
    hint,
    refusal: 'open',
    good: 'control',
    present: async (nonce) => show((await mint('none', claims())).token, nonce),
  };
}

interface Wish {
  hint: string;
  refusal?: Refusal;
  claims?: Claims;
  good?: Attempt['good'];
}

function minted(
  { mint }: ProbeWorld,
  { claims, show }: Presenter,
  name: string,
  defect: string,
  { hint, refusal = 'token', claims: changes, good: isGood }: Wish,
): Trial {
  if (!mint) return { name, why: ONLY_EMULATOR };
  return {
    name,
    hint,
    refusal,
    good: isGood,
    minted: true,
    present: async (nonce) => show((await mint(defect, claims(changes))).token, nonce),
  };
}

function before({ provider, before: token, mint, credentials }: ProbeWorld, { claims, show, bound }: Presenter): Trial {
  const name = 'the token before the step-up';
  const shared = { name, hint: 'Being logged in is not enough here: demand the scope.', refusal: 'scope' as const };
  if (provider === 'dynamic') {
    const headers = { authorization: `Bearer ${credentials.accessToken}` };
    return { ...shared, present: () => Promise.resolve(headers) };
  }
  if (token !== undefined && !bound) {
    return { ...shared, present: () => Promise.resolve({ authorization: `Bearer ${token}` }) };
  }
  if (!mint) {
    return {
      name,
      why: bound
        ? 'The one of this session is bound to a key: only an emulator binds one to a key of the probe.'
        : 'The session holds the scope already: log in anew, then probe.',
    };
  }
  return {
    ...shared,
    minted: true,
    present: async (nonce) => show((await mint('missing-scope', claims())).token, nonce),
  };
}

/** The first request has spent it. */
function used(world: ProbeWorld): Trial {
  const name = 'a token for one use, used';
  if (!world.credentials.singleUse) return { name, why: 'The scope is not granted for a single use.' };
  const hint = 'Remember the jti of each token for a single use until it expires, and take it once.';
  return { ...good(world), name, hint, good: undefined };
}

function verification({ provider, verificationToken }: ProbeWorld, { show }: Presenter): Trial {
  const name = 'a verification token';
  if (provider === 'dynamic') return { name, why: 'Dynamic has none.' };
  if (verificationToken === undefined) {
    return { name, why: 'It needs the key of your own steps: --sign-with KEY.' };
  }
  return {
    name,
    hint: 'It says that one step was done, and is signed by you: take access tokens of the service alone.',
    refusal: 'token',
    present: (nonce) => show(verificationToken, nonce),
  };
}

function revoked(world: ProbeWorld, { claims, show }: Presenter): Trial {
  const name = 'a revoked session';
  const { mint, provider, scope, elevatedHeader } = world;
  if (!mint) return { name, why: ONLY_EMULATOR };
  const hint =
    'It is good for minutes after the session has ended. Where that is too long, ask the service whether the session still lives.';
  const sub = claims()['sub'];
  const shared = { name, hint, refusal: 'token' as const, minted: true as const };
  if (provider === 'prelude') {
    return {
      ...shared,
      present: async (nonce) => show((await mint('revoked-session', claims({ sid: undefined }))).token, nonce),
    };
  }
  return {
    ...shared,
    present: async () => {
      const access = await mint('revoked-session', { sub });
      const elevated = await mint('none', { scope, sub, sid: access.claims['sid'] });
      return { authorization: `Bearer ${access.token}`, [elevatedHeader]: elevated.token };
    },
  };
}
