/** Steps up with the answers of a program. */
import { InputNeededError, InterruptedError, RefusedError } from '../errors.js';
import type { Grant, PendingStep, Provider, StepEvent } from '../providers/provider.js';
import type { Answers } from './types.js';

const MAX_TRIES = 3;

/**
 * Gets the user a token that holds the scopes: one request for all, or one for each where the service takes one at a time. Throws
 * InputNeededError for a step that nothing answers, RefusedError CODE_WRONG after three refused codes for a step, CHALLENGE_BLOCKED, and what the
 * provider and the answers throw. InterruptedError when the signal fires: an answer that comes later is not used.
 */
export async function stepUp(
  provider: Provider,
  scopes: readonly string[],
  answers: Answers,
  signal: AbortSignal,
): Promise<void> {
  for (const wanted of provider.name === 'prelude' ? scopes.map((scope) => [scope]) : [[...scopes]]) {
    await answered(provider.request(wanted, {}), answers, signal);
  }
}

async function answered(
  events: AsyncGenerator<StepEvent, void>,
  answers: Answers,
  signal: AbortSignal,
): Promise<Grant> {
  let refused = 0;
  for await (const event of events) {
    switch (event.type) {
      case 'step':
        if (signal.aborted) throw new InterruptedError();
        await unlessAborted(answer(event.step, answers), signal);
        break;
      case 'step-refused':
        refused += 1;
        if (refused >= MAX_TRIES) {
          throw new RefusedError('CODE_WRONG', `The answers for ${event.key} were refused.`, {
            serviceCode: event.code,
          });
        }
        break;
      case 'blocked':
        throw new RefusedError('CHALLENGE_BLOCKED', `The service does not grant ${event.scopes.join(' ')}.`);
      case 'granted':
        return event.grant;
      case 'challenge':
        refused = 0; // a step is done, and the next one has tries of its own
        break;
      case 'code-sent':
      case 'logged-in':
        break;
    }
  }
  throw new TypeError('a step-up ended without an outcome');
}

async function answer(step: PendingStep, { code, verificationToken, choose }: Answers): Promise<void> {
  const { kind, key, choices } = step;
  if (kind === 'choice') {
    const chosen = choose ? await choose(step) : choices[0]?.id;
    if (chosen === undefined) throw unanswered(key, 'choose');
    return step.answer({ choice: chosen });
  }
  if (kind === 'custom') {
    if (!verificationToken) throw unanswered(key, 'verificationToken');
    return step.answer({ token: await verificationToken(step) });
  }
  const computed = await step.compute?.();
  if (computed !== undefined) return step.answer({ code: computed });
  if (!code || kind === 'browser') throw unanswered(key, 'code');
  step.answer({ code: await code(step) });
}

/** What the work gives; InterruptedError as soon as the signal fires. Whoever answers may be a person who has left. */
export function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const end = (): void => reject(new InterruptedError());
    signal.addEventListener('abort', end, { once: true });
    if (signal.aborted) end();
    void work.then(resolve, reject).finally(() => signal.removeEventListener('abort', end));
  });
}

function unanswered(key: string, name: keyof Answers): InputNeededError {
  return new InputNeededError('INPUT_NEEDED', `The step ${key} waits for an answer, and the client has none.`, {
    field: `answers.${name}`,
    hint: `Give createClient({ answers: { ${name} } }), or step up before with client.request().`,
  });
}
