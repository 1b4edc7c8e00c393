/** Requests with a wrong proof of possession, for an API whose tokens are bound to a key (RFC 9449 §4.3, §7.1). */
import type { ProofClaims } from '../http/dpop.js';
import type { Attempt, ProbeWorld, TokenHeaders, Trial } from './attempt.js';
import type { Presenter } from './bearer.js';

const HOUR = 3600;

type Fault = Pick<Attempt, 'name' | 'hint' | 'twice'> & {
  /** Headers for a token that is bound to the probe's key. */
  present(token: string, nonce: string | undefined): Promise<TokenHeaders>;
};

/** What stands for all of them where they are not tried. */
export const PROOFS = 'wrong proofs';

export interface ProofTrials {
  /**
   * Where the service's tokens are bound to no key at present: a bound one with its proof. An API that lets it in may use DPoP; whether it
   * does, the others tell.
   */
  control?: Attempt | undefined;
  trials: Trial[];
}

/** The requests; one line that says why where there are none. */
export function proofTrials(world: ProbeWorld, presenter: Presenter): ProofTrials {
  const { mint, provider } = world;
  const { bound, boundClaims, prove } = presenter;
  if (provider === 'dynamic') return { trials: [{ name: PROOFS, why: 'Dynamic binds no token to a key.' }] };
  if (!bound && !mint) {
    return { trials: [{ name: PROOFS, why: 'The token is bound to no key, and travels as Bearer.' }] };
  }
  const faults = faultsOf(world, presenter);
  // The session's own key signs proofs as they should be, and no others.
  if (!mint) {
    return {
      trials: faults.map(({ name }) => ({ name, why: 'Only an emulator binds a token to a key of the probe.' })),
    };
  }
  const attempt = ({ present, ...facts }: Fault): Attempt => ({
    ...facts,
    refusal: 'proof',
    minted: true,
    present: async (nonce) => present((await mint('none', boundClaims())).token, nonce),
  });
  const trials = faults.map(attempt);
  if (bound) return { trials };
  const present: Fault['present'] = async (token, nonce) => proved(token, await prove(token, nonce));
  return { trials, control: attempt({ name: 'a bound token with its proof', hint: '', present }) };
}

function proved(token: string, dpop: string): TokenHeaders {
  return { authorization: `DPoP ${token}`, dpop };
}

function faultsOf({ url, method, now }: ProbeWorld, { prove, foreign }: Presenter): Fault[] {
  const elsewhere = new URL(url);
  elsewhere.pathname = `${elsewhere.pathname.replace(/\/$/, '')}/elsewhere`;
  const changed = (name: string, hint: string, changes: Partial<ProofClaims>): Fault => ({
    name,
    hint,
    present: async (token, nonce) => proved(token, await prove(token, nonce, changes)),
  });
  return [
    {
      name: 'a bound token as Bearer',
      hint: 'A token with cnf.jkt is good with a proof alone: refuse it as Bearer.',
      present: (token) => Promise.resolve({ authorization: `Bearer ${token}` }),
    },
    {
      name: 'no proof',
      hint: 'Demand the DPoP header where the token has cnf.jkt.',
      present: (token) => Promise.resolve({ authorization: `DPoP ${token}` }),
    },
    {
      name: 'a proof of another key',
      hint: 'Compare the thumbprint of the jwk in the proof with cnf.jkt of the token.',
      present: async (token, nonce) => proved(token, await prove(token, nonce, {}, foreign)),
    },
    {
      name: 'a proof with a forged signature',
      hint: 'Verify the signature of the proof with the jwk in its header.',
      present: async (token, nonce) => {
        const [own, other] = await Promise.all([prove(token, nonce), prove(token, nonce, {}, foreign)]);
        return proved(token, own.replace(/[^.]*$/, other.slice(other.lastIndexOf('.') + 1)));
      },
    },
    changed('a proof for another method', 'Compare htm with the method of the request.', {
      htm: method === 'DELETE' ? 'GET' : 'DELETE',
    }),
    changed(
      'a proof for another address',
      'Compare htu with the address that was called, without query and fragment.',
      {
        htu: elsewhere.href,
      },
    ),
    changed('a proof for another token', 'Compare ath with the SHA-256 of the token that comes along.', {
      accessToken: 'another token',
    }),
    changed('a proof without ath', 'Demand ath: without it a proof that was meant for the service opens the API.', {
      accessToken: undefined,
    }),
    {
      name: 'an old proof',
      hint: 'Take a proof only for a minute or so after its iat.',
      present: async (token, nonce) =>
        proved(token, await prove(token, nonce, { iat: Math.floor(now() / 1000) - HOUR })),
    },
    {
      name: 'a proof sent twice',
      hint: 'Remember the jti of each proof for as long as it is good.',
      twice: true,
      present: async (token, nonce) => proved(token, await prove(token, nonce)),
    },
  ];
}
