/** Tests whether a developer's API really demands a scope: what must be let in, and what must not. */
import type { Case } from '../backend/case.js';
import { nonceOf } from '../resource/demand.js';
import { gotThrough, inWords, receptionOf, wantsNonce, type ProbeAnswer } from './answer.js';
import { isUntried, type Attempt, type ProbeWorld, type TokenHeaders } from './attempt.js';
import { createPresenter } from './bearer.js';
import { elevatedTrials } from './elevated.js';
import { proofTrials } from './proofs.js';
import { adviceOn, isRefused, type Refused } from './style.js';
import { tokenTrials } from './tokens.js';

/**
 * Makes one request with these headers beside the user's own. Resolves with status 0 where no answer came; rejects where it could not
 * even be sent, or the user has interrupted it.
 */
export type Send = (headers: TokenHeaders) => Promise<ProbeAnswer>;

/**
 * Runs all requests, one after another, the real elevated token first: while that is refused, nothing is proved by refusing others, and
 * they are not made. A case that does not hold is a fault where the API lets in what it must not, or refuses the real token; the style of
 * refusals is advice. Rejects as `send` does.
 */
export async function probe(world: ProbeWorld, send: Send): Promise<Case[]> {
  const presenter = await createPresenter(world);
  const trials = [
    ...tokenTrials(world, presenter),
    ...elevatedTrials(world, presenter),
    ...proofTrials(world, presenter),
  ];
  const line = createLine(send);
  const cases: Case[] = [];
  const refused: Refused[] = [];
  let good: ProbeAnswer | undefined;
  for (const trial of trials) {
    if (isUntried(trial)) {
      cases.push(untried(trial.name, trial.why));
      continue;
    }
    if (good && !gotThrough(good)) {
      cases.push(untried(trial.name, 'While the elevated token itself is refused, this would prove nothing.'));
      continue;
    }
    const answer = await line(trial);
    good ??= answer;
    cases.push(trial.good === undefined ? hostileCase(trial, answer, good) : goodCase(trial, answer, good));
    const { name, refusal } = trial;
    if (trial.good === undefined && isRefused(answer, good)) refused.push({ name, refusal, answer });
  }
  return [...cases, ...adviceOn(refused, world.scope)];
}

/** Sends attempts, with the nonce that the API gave last; a demand for another is met once. */
function createLine(send: Send): (attempt: Attempt) => Promise<ProbeAnswer> {
  let nonce: string | undefined;
  const once = async (headers: TokenHeaders): Promise<ProbeAnswer> => {
    const answer = await send(headers);
    nonce = nonceOf(answer.headers) ?? nonce;
    return answer;
  };
  return async ({ present, twice }) => {
    let headers = await present(nonce);
    let answer = await once(headers);
    if (wantsNonce(answer)) {
      headers = await present(nonce);
      answer = await once(headers);
    }
    return twice ? once(headers) : answer;
  };
}

function goodCase({ name, hint, good }: Attempt, answer: ProbeAnswer, first: ProbeAnswer): Case {
  const { status } = answer;
  const holds = gotThrough(answer);
  const rest = good === 'control' ? { advice: true as const } : {};
  if (holds && status === first.status && status >= 400) {
    const expected = 'let in, with an answer of success';
    const why = 'It is let in, and then refused for another reason. Give a method and a body that work (-X, -d).';
    return { name, holds: false, expected, got: inWords(answer), hint: why, advice: true };
  }
  return { name, holds, expected: 'let in', got: inWords(answer), hint: holds ? undefined : hint, ...rest };
}

function hostileCase({ name, hint }: Attempt, answer: ProbeAnswer, good: ProbeAnswer): Case {
  const got = inWords(answer);
  switch (receptionOf(answer, good)) {
    case 'refused':
      return { name, holds: true, expected: 'refused', got };
    case 'let in':
      return { name, holds: false, expected: 'refused', got: `let in: ${got}`, hint };
    case 'unclear':
      return {
        name,
        holds: false,
        expected: 'refused',
        got,
        hint: 'Nobody was let in, but this is no refusal either: whoever sends such a token should get a 401 or a 403.',
        advice: true,
      };
  }
}

function untried(name: string, why: string): Case {
  return { name, holds: false, expected: 'refused', got: 'not tried', hint: why, untried: true };
}
