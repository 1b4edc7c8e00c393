/** Tests whether a developer's API really demands a scope: what must be let in, and what must not. */
import type { Case } from '../backend/case.js';
import { nonceOf } from '../resource/demand.js';
import { gotThrough, inWords, receptionOf, wantsNonce, type ProbeAnswer } from './answer.js';
import { isUntried, type Attempt, type ProbeWorld, type TokenHeaders, type Trial } from './attempt.js';
import { createPresenter } from './bearer.js';
import { elevatedTrials } from './elevated.js';
import { PROOFS, proofTrials, type ProofTrials } from './proofs.js';
import { adviceOn, isRefused, type Refused } from './style.js';
import { lastTrial, tokenTrials } from './tokens.js';

/**
 * Makes one request with these headers beside the user's own. Resolves with status 0 where no answer came; rejects where it could not
 * even be sent, or the user has interrupted it.
 */
export type Send = (headers: TokenHeaders) => Promise<ProbeAnswer>;

const REFUSED = 'While the elevated token itself is refused, this would prove nothing.';
const CONTROL = 'While the emulator’s own good token is refused, this would prove nothing.';
const BLIND = 'The right token and none get the same answer: nothing can be told apart.';
const SILENT = 'The API does not answer any more.';
const NO_DPOP = 'The API does not take a token that is bound to a key, with its proof: it uses no DPoP.';
const ANY_PROOF = 'The API does not look at proofs, and the token of this session is bound to no key.';
/** After so many requests without an answer it looks whether the API is still there. */
const PATIENCE = 2;

/**
 * Runs all requests, one after another, the real elevated token first: while that is refused, nothing is proved by refusing others, and
 * they are not made. It comes last again: an API that has gone away, or limits calls, has refused nobody. A case that does not hold is a
 * fault where the API lets in what it must not, or refuses the real token; the style of refusals is advice. Rejects as `send` does.
 */
export async function probe(world: ProbeWorld, send: Send): Promise<Case[]> {
  const presenter = await createPresenter(world);
  const line = createLine(send);
  const cases: Case[] = [];
  const refused: Refused[] = [];
  let good: ProbeAnswer | undefined;
  /** Why nothing more is tried, and nothing more that is minted. */
  let stop: string | undefined;
  let stopMinted: string | undefined;
  let silent = 0;

  async function answerTo(trial: Attempt): Promise<ProbeAnswer> {
    let answer = await line(trial);
    for (const present of trial.also ?? []) {
      if (good && receptionOf(answer, good) === 'let in') break;
      answer = await line({ ...trial, present });
    }
    silent = answer.status === 0 ? silent + 1 : 0;
    if (silent >= PATIENCE && !(await answersAGoodOne())) stop ??= SILENT;
    return answer;
  }

  /** An API may close the connection on whoever it does not like. */
  async function answersAGoodOne(): Promise<boolean> {
    silent = 0;
    const last = lastTrial(world, presenter, stopMinted === undefined);
    return last !== undefined && gotThrough(await line(last));
  }

  function note(trial: Attempt, answer: ProbeAnswer, beside: ProbeAnswer): void {
    const { name, refusal } = trial;
    cases.push(trial.good === undefined ? hostileCase(trial, answer, beside) : goodCase(trial, answer, beside));
    if (trial.good === undefined && isRefused(answer, beside)) refused.push({ name, refusal, answer });
  }

  async function tryAll(trials: readonly Trial[]): Promise<void> {
    for (const trial of trials) {
      if (isUntried(trial)) {
        cases.push(untried(trial.name, trial.why));
        continue;
      }
      const why = stop ?? (trial.minted ? stopMinted : undefined);
      if (why !== undefined) {
        cases.push(untried(trial.name, why));
        continue;
      }
      const answer = await answerTo(trial);
      good ??= answer;
      note(trial, answer, good);
      if (trial.good === true && !gotThrough(answer)) stop = REFUSED;
      if (trial.good === 'control' && !gotThrough(answer)) stopMinted = CONTROL;
      if (trial.refusal === 'nobody' && good.status >= 400 && answer.status === good.status) {
        stop = BLIND;
        cases.splice(0, cases.length, blindCase(good));
      }
    }
  }

  async function tryProofs({ control, trials }: ProofTrials): Promise<void> {
    const why = stop ?? stopMinted;
    if (!control || !good) return tryAll(trials);
    if (why !== undefined) return void cases.push(untried(PROOFS, why));
    if (!gotThrough(await answerTo(control))) return void cases.push(untried(PROOFS, NO_DPOP));
    const answers: [Attempt, ProbeAnswer][] = [];
    for (const trial of trials) if (!isUntried(trial)) answers.push([trial, await answerTo(trial)]);
    const beside = good;
    if (answers.every(([, answer]) => receptionOf(answer, beside) === 'let in')) {
      cases.push(untried(PROOFS, ANY_PROOF));
    } else for (const [trial, answer] of answers) note(trial, answer, beside);
  }

  await tryAll([...tokenTrials(world, presenter), ...elevatedTrials(world, presenter)]);
  await tryProofs(proofTrials(world, presenter));
  const last = stop === REFUSED || stop === BLIND ? undefined : lastTrial(world, presenter, stopMinted === undefined);
  if (last) cases.push(lastCase(last, await answerTo(last)));
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

function blindCase(answer: ProbeAnswer): Case {
  return {
    name: 'the elevated token',
    holds: false,
    expected: 'let in, with an answer of success',
    got: `${inWords(answer)}, as without any token`,
    hint: `${BLIND} Give a method and a body that work (-X, -d).`,
  };
}

function lastCase({ name, hint }: Attempt, answer: ProbeAnswer): Case {
  const holds = gotThrough(answer);
  return { name, holds, expected: 'let in, as at first', got: inWords(answer), hint: holds ? undefined : hint };
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
