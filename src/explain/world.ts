/** What is known around something that was refused: the service, its keys, the time, and what the server believes. */
import type { JWK } from 'jose';

/** Whose keys: of the service's tokens and hook calls, of its challenge tokens, of the developer's backend. */
export type KeyOwner = 'tokens' | 'challenges' | 'developer';

/** A key set, or why there is none. */
export type FoundKeys =
  | {
      keys: JWK[];
      /** Where it is from: an address or a file. */
      from: string;
    }
  | {
      /** Half a sentence: `the service cannot be reached`. */
      problem: string;
      hint?: string | undefined;
    };

export interface World {
  /** Milliseconds by our clock. */
  now: number;
  /** Seconds by which the service's clock is ahead of ours, where it has said. */
  offsetSeconds?: number | undefined;
  /** When it was sent, in milliseconds by the service's clock, where that was said. */
  at?: number | undefined;
  /** The method and the address that the server believes it is called by. */
  method?: string | undefined;
  url?: string | undefined;
  /** Scopes that it demands. */
  scopes: string[];
  provider?: 'prelude' | 'dynamic' | undefined;
  /** Values of `iss` that are right, the usual one first, without `https://`. */
  issuers?: string[] | undefined;
  /** Dynamic: the origin of the app, which is the `aud` of its tokens. */
  audience?: string | undefined;
  /** The session that is open in the store. */
  session?: { userId: string; sessionId: string; thumbprint?: string | undefined } | undefined;
  /** Challenges that are open in the store. */
  challenges: { challengeId: string; userId: string; currentStep: string; steps: { key: string }[] }[];
  keys(owner: KeyOwner): Promise<FoundKeys>;
}

/** The instant at which times are judged, in milliseconds by the service's clock. */
export function judgedAt({ at, now, offsetSeconds = 0 }: World): number {
  // One second is rounding, no difference of clocks.
  return at ?? now + (Math.abs(offsetSeconds) > 1 ? offsetSeconds * 1000 : 0);
}
