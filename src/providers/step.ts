/** A step that waits for its answer. */
import type { Choice, PendingStep, StepAnswer } from './provider.js';

/** What the caller decided between two events. */
export type Decision = { resend: true } | { answer: StepAnswer };

/**
 * Builds the step of an event. `decided` gives what the caller said to it; it throws a TypeError when the iteration went on
 * without an answer, which is a bug of the caller.
 */
export function pendingStep(
  facts: Omit<PendingStep, 'answer' | 'resend' | 'choices'> & { choices?: Choice[] },
  canResend = false,
): { step: PendingStep; decided: () => Decision } {
  let decision: Decision | undefined;
  const step: PendingStep = {
    choices: [],
    ...facts,
    answer: (answer) => void (decision = { answer }),
    ...(canResend ? { resend: () => void (decision = { resend: true }) } : {}),
  };
  return {
    step,
    decided() {
      if (!decision) throw new TypeError(`the step "${facts.key}" was neither answered nor resent`);
      return decision;
    },
  };
}

/** The code in an answer. Throws a TypeError for an answer that does not fit the step. */
export function codeIn(answer: StepAnswer): string {
  if ('code' in answer) return answer.code;
  throw new TypeError('"answer" must have a code');
}

/** The verification token in an answer. Throws a TypeError for an answer that does not fit the step. */
export function tokenIn(answer: StepAnswer): string {
  if ('token' in answer) return answer.token;
  throw new TypeError('"answer" must have a token');
}

/** The id that was chosen. Throws a TypeError for an answer that does not fit the step. */
export function choiceIn(answer: StepAnswer): string {
  if ('choice' in answer) return answer.choice;
  throw new TypeError('"answer" must have a choice');
}

/** The address that the browser came back to. Throws a TypeError for an answer that does not fit the step. */
export function redirectIn(answer: StepAnswer): string {
  if ('redirect' in answer) return answer.redirect;
  throw new TypeError('"answer" must have a redirect');
}
