/** Cases about a call that is as it should be. */
import type { Case } from './case.js';
import { signedRequest, type HookCall, type HookExchange } from './hook-call.js';
import type { HookTest } from './hook-test.js';
import { readVerdict, type HookReading } from './hook-verdict.js';
import { msInWords, readingInWords } from './hook-words.js';

/** How the hook took the first correct call: no answer at all, a status other than 2xx, or 2xx. */
export type CorrectOutcome = 'none' | 'refused' | 'answered';

/** A hook that needs longer than this share of its time will be too late on a bad day. */
const SPARE_SHARE = 0.4;

/** A correct call of each scope; of the first also time, redirect, content type and size. */
export async function correctCases(test: HookTest): Promise<{ cases: Case[]; outcome: CorrectOutcome }> {
  const cases: Case[] = [];
  let outcome: CorrectOutcome | undefined;
  for (const call of test.calls) {
    const exchange = await test.send(signedRequest(call, test.key));
    const reading = readVerdict(exchange.answer, { stepKeys: test.stepKeys, identifiers: call.identifiers });
    cases.push(verdictCase(call, reading, exchange, test));
    if (outcome === undefined) {
      outcome = outcomeOf(exchange);
      cases.push(...wireCases(exchange, test));
    }
    cases.push(...adviceOf(reading));
    if (outcome === 'none') break;
  }
  return { cases, outcome: outcome ?? 'none' };
}

function outcomeOf({ answer }: HookExchange): CorrectOutcome {
  if (answer.outcome === 'failed') return 'none';
  return isSuccess(answer.status) ? 'answered' : 'refused';
}

/** Whether a status is 2xx. */
export function isSuccess(status: number): boolean {
  return status >= 200 && status <= 299;
}

function verdictCase({ scope }: HookCall, reading: HookReading, { answer }: HookExchange, { served }: HookTest): Case {
  const name = `correct call of ${scope}`;
  const got = readingInWords(reading);
  if (reading.ok) return { name, holds: true, expected: 'a verdict', got };
  const refused = answer.outcome !== 'failed' && (answer.status === 401 || answer.status === 403);
  const hint =
    refused && served?.fetches() === 0
      ? `It has not fetched ${served.url}: point its key set there.`
      : reading.faults[0].hint;
  return { name, holds: false, expected: 'a verdict', got: `step_up.hook_failed ${got}`, hint };
}

function wireCases({ answer, ms, size }: HookExchange, { limits }: HookTest): Case[] {
  const limit = `${limits.timeMs / 1000} s`;
  const inTime = answer.outcome !== 'failed';
  const time: Case = {
    name: `answer within ${limit}`,
    holds: inTime,
    expected: `${limit} at most`,
    got: inTime ? msInWords(ms) : answer.words,
    hint: 'Decide first, and do slow work after the answer.',
  };
  if (!inTime) return answer.words.startsWith('no whole answer') ? [time] : [];
  const spare: Case = {
    name: 'time to spare',
    holds: ms <= limits.timeMs * SPARE_SHARE,
    expected: `${msInWords(limits.timeMs * SPARE_SHARE)} at most`,
    got: msInWords(ms),
    advice: true,
    hint: 'A slow day makes it miss the limit.',
  };
  const redirects = answer.status >= 300 && answer.status < 400;
  const redirect: Case = {
    name: 'no redirect',
    holds: !redirects,
    expected: 'an answer of its own',
    got: `status ${answer.status}`,
    hint: 'A redirect is not followed: register the address that it leads to.',
  };
  const within = answer.outcome === 'answered';
  const bytes: Case = {
    name: `answer of ${limits.bytes / 1024} KB at most`,
    holds: within,
    expected: `${limits.bytes} bytes at most`,
    got: within ? `${size} bytes` : 'more',
  };
  // Of what is no verdict at all, or empty, the type says nothing.
  const typed = within && isSuccess(answer.status) && size > 0;
  return [time, spare, redirect, ...(typed ? [contentType(answer.contentType)] : []), bytes];
}

function contentType(found: string): Case {
  return {
    name: 'content type',
    holds: /^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i.test(found),
    expected: 'application/json',
    got: found === '' ? 'none' : found.slice(0, 80),
    hint: 'Set Content-Type: application/json.',
  };
}

function adviceOf(reading: HookReading): Case[] {
  if (!reading.ok) {
    const [, ...others] = reading.faults;
    return others.map(({ reason, expected, got, hint }) => {
      return { name: `also wrong: ${reason}`, holds: false, expected, got, hint };
    });
  }
  const { customSteps, advice } = reading;
  const unchecked = customSteps.map((key): Case => {
    const hint = `Name those of your configuration: --step-key ${key}`;
    return {
      name: `custom step ${key}`,
      holds: false,
      advice: true,
      expected: 'one of step_keys',
      got: 'not known',
      hint,
    };
  });
  const rest = advice.map((got): Case => ({ name: 'all fields', holds: false, advice: true, expected: 'each', got }));
  return [...unchecked, ...rest];
}
