/** Steps up with the answers of a program. */
import { InputNeededError, RefusedError } from '../errors.js';
import type { Grant, PendingStep, Provider, StepEvent } from '../providers/provider.js';
import type { Answers } from './types.js';

const MAX_TRIES = 3;

/**
 * Gets the user a token that holds the scopes: one request for all, or one for each where the service takes one at a time. Throws
 * InputNeededError for a step that nothing answers, RefusedError CODE_WRONG after three refused codes, CHALLENGE_BLOCKED, and what the
 * provider and the answers throw.
 */
export async function stepUp(provider: Provider, scopes: readonly string[], answers: Answers): Promise<void> {
  for (const wanted of provider.name === 'prelude' ? scopes.map((scope) => [scope]) : [[...scopes]]) {
    await answered(provider.request(wanted, {}), answers);
  }
}

async function answered(events: AsyncGenerator<StepEvent, void>, answers: Answers): Promise<Grant> {
  let refused = 0;
  for await (const event of events) {
    switch (event.type) {
      case 'step':
        await answer(event.step, answers);
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

function unanswered(key: string, name: keyof Answers): InputNeededError {
  return new InputNeededError('INPUT_NEEDED', `The step ${key} waits for an answer, and the client has none.`, {
    field: `answers.${name}`,
    hint: `Give createClient({ answers: { ${name} } }), or step up before with client.request().`,
  });
}
