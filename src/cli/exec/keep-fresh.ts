/** Keeps the user logged in while a command runs that may make no call for hours. */
import { StepupError } from '../../errors.js';
import type { Provider } from '../../providers/provider.js';
import type { System } from '../../system.js';

/** How long before its end a token is renewed; both services' clients do so in its last seconds at the latest. Milliseconds. */
const BEFORE_END = 30_000;
/** A token may last for longer than a timer can. */
const LONGEST = 3_600_000;

/**
 * Renews the session before its token ends, at the soonest every half a minute, until `signal` fires. A failure is told once, to
 * `onFailure`: the next call through the proxy meets it, too.
 */
export async function keepFresh(
  provider: Pick<Provider, 'accessToken'>,
  { now, sleep }: Pick<System, 'now' | 'sleep'>,
  signal: AbortSignal,
  onFailure: (error: StepupError) => void,
): Promise<void> {
  let told = false;
  while (!signal.aborted) {
    let wait = BEFORE_END;
    try {
      const { expiresAt } = await provider.accessToken();
      told = false;
      wait = Math.min(Math.max(Date.parse(expiresAt) - now() - BEFORE_END, BEFORE_END), LONGEST);
    } catch (error) {
      if (!(error instanceof StepupError)) throw error;
      if (!told && !signal.aborted) onFailure(error);
      told = true;
    }
    await sleep(wait, signal).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
  }
}
