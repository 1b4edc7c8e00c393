/** What `/ui-data` answers, as its server and the web page both know it. */

/** A live session. Instants are ISO 8601. */
export interface ShownSession {
  provider: 'prelude' | 'dynamic';
  id: string;
  userId: string;
  /** The user's first identifier. */
  who: string | null;
  /** Real time. */
  startedAt: string | null;
  /** On the tenant's clock. */
  endsAt: string | null;
  /** Thumbprint of the DPoP key, or the session's public key. */
  key: string | null;
  /** User agent, or the app's origin. */
  client: string;
}

/** A challenge of Prelude, a code under way at Dynamic, or an elevated token of Dynamic. */
export interface ShownChallenge {
  provider: 'prelude' | 'dynamic';
  kind: 'challenge' | 'code' | 'elevated-token';
  id: string;
  scope: string | null;
  /** `proved`: every step is done, its token is still to be exchanged. `used`: of a single use, or of a code. */
  status: 'open' | 'proved' | 'granted' | 'used' | 'failed' | 'expired';
  steps: { key: string; done: boolean }[];
  mode: string | null;
  userId: string | null;
  sessionId: string | null;
  /** Whom a code went to. */
  to: string | null;
  /** ISO 8601, on the tenant's clock; null when it is over. */
  endsAt: string | null;
}

/** The newest of each, newest first, and how many there are in all. */
export interface UiData {
  sessions: { total: number; newest: ShownSession[] };
  challenges: { total: number; newest: ShownChallenge[] };
}
