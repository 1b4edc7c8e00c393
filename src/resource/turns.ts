/** Step-ups of one process, one after another: of two calls that want the same, the second finds it granted. */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { ApiCredentials, Provider } from '../providers/provider.js';

export type InTurn = <T>(work: () => Promise<T>) => Promise<T>;

/** Runs work one at a time, in the order in which it was asked for. What work asks for itself runs at once: it would wait for its own end. */
export function oneAtATime(): InTurn {
  const running = new AsyncLocalStorage<true>();
  let before: Promise<unknown> = Promise.resolve();
  return <T>(work: () => Promise<T>): Promise<T> => {
    if (running.getStore()) return work();
    const turn = before.then(() => running.run(true, work));
    before = turn.catch(() => undefined);
    return turn;
  };
}

/** Whether a grant has what is wanted that did not go along: for another scope, or of another call meanwhile. */
export async function isHeld(
  provider: Pick<Provider, 'grants'>,
  wanted: readonly string[],
  sent: ApiCredentials,
): Promise<boolean> {
  const grants = await provider.grants();
  return grants.some(
    ({ token, scopes: held }) =>
      token !== sent.accessToken &&
      token !== sent.elevatedToken &&
      wanted.every((scope) => held.includes(scope)) &&
      !wanted.every((scope) => sent.scopes.includes(scope)),
  );
}
