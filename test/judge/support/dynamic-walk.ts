/** A walk through sign-in, step-up and factors. The official client and our provider go it with the same steps under the same names. */
import type { Shape } from './request-shape.js';

/** The requests of each step, in the order of the steps. */
export type Walk = Map<string, Shape[]>;

/** What both walks have around them. */
export interface Stage {
  /** Base of the API as the recorder serves it, ending in `/api/v0`. */
  apiBaseUrl: string;
  environmentId: string;
  /** Of the app. */
  origin: string;
  /** Address and number of a user of this walk's own. */
  email: string;
  /** In the United States, without its country code. */
  phone: string;
  /** The code that was sent last to an address or a number (E.164). */
  newestCode(to: string): Promise<string>;
  /** Signed by the backend. */
  assertion(claims: Record<string, unknown>): string;
  /** The requests since the last call. */
  take(): Shape[];
}

const NONCES = 'GET nonces?count=5';

/** Notes what each step has sent. Nonces are fetched beside other calls, so they come last. */
export function startWalk(stage: Stage): { walk: Walk; note(step: string): void } {
  const walk: Walk = new Map();
  const last = ({ call }: Shape): number => Number(call === NONCES);
  return {
    walk,
    note: (step) =>
      void walk.set(
        step,
        stage.take().toSorted((a, b) => last(a) - last(b)),
      ),
  };
}
