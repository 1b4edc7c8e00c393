/** What the probe tries: requests that a developer's API has to let in, and requests that it has to refuse. */
import type { ApiCredentials, ProviderName } from '../providers/provider.js';
import type { JWK } from 'jose';

/** Headers that carry the tokens of one request, names in lower case. */
export type TokenHeaders = Record<string, string>;

/** What the API should say to it, for a client to know what to do (see `style.ts`). `open`: nothing that the standards name. */
export type Refusal = 'nobody' | 'scope' | 'token' | 'proof' | 'open';

/** One request. */
export interface Attempt {
  name: string;
  /** What it says to who sees that it was let in. */
  hint: string;
  refusal: Refusal;
  /** The API has to let it in; with `control` nothing is wrong with the API where it does not, but the rest proves less. */
  good?: true | 'control' | undefined;
  /** It needs a token that the emulator mints. */
  minted?: true | undefined;
  /** Other forms of the same, one after another until one is let in. */
  also?: Attempt['present'][] | undefined;
  /** Sends the very same headers again: the second answer counts. */
  twice?: true | undefined;
  /** Makes the headers, for each time that it is sent. `nonce` is the API's own (RFC 9449 §9). */
  present(nonce: string | undefined): Promise<TokenHeaders>;
}

/** A request that cannot be made here, and why. */
export interface Untried {
  name: string;
  why: string;
}

/** What the emulator's control API mints: a token with one defect, signed as its service signs. */
export type Mint = (defect: string, claims: Claims) => Promise<{ token: string; claims: Claims }>;
export type Claims = Record<string, unknown>;

/** What the requests are made of. */
export interface ProbeWorld {
  provider: ProviderName;
  scope: string;
  /** In upper case. */
  method: string;
  url: string;
  /** Dynamic: the header of the elevated token. */
  elevatedHeader: string;
  /** The real ones, which hold the scope. */
  credentials: ApiCredentials;
  /** An access token of the same user from before the step-up; undefined where every one that is to be had holds the scope. */
  before?: string | undefined;
  /** What the service publishes. */
  keys: readonly JWK[];
  /** Where an emulator is the issuer. */
  mint?: Mint | undefined;
  /** Prelude: a token that says that a custom step was done, by the developer's own key. */
  verificationToken?: string | undefined;
  /** Milliseconds since the epoch by the service's clock. */
  now(): number;
  randomBytes(size: number): Uint8Array;
}

/** One of the two. */
export type Trial = Attempt | Untried;

/** Whether a trial cannot be made. */
export function isUntried(trial: Trial): trial is Untried {
  return 'why' in trial;
}
