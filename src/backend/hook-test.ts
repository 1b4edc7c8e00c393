/** Tests a developer's hook: the table of cases of `hook test`. */
import { withoutIdleHints, type Case } from './case.js';
import type { HookCall, HookExchange, HookKey, HookRequest } from './hook-call.js';
import { correctCases } from './hook-test-correct.js';
import { limitCases } from './hook-test-limits.js';
import { acceptanceCases, refusalCases } from './hook-test-signatures.js';

export interface HookTest {
  /** Posts a call to the hook. */
  send(request: HookRequest): Promise<HookExchange>;
  /** The hook's limits, for the words of a case. */
  limits: { timeMs: number; bytes: number };
  /** A key that the hook trusts, and one that it cannot know. */
  key: HookKey;
  stranger: HookKey;
  /** One for each scope that is tested; the first is also the base of the other cases. */
  calls: [HookCall, ...HookCall[]];
  /** Undefined when they are not known. */
  stepKeys: readonly string[] | undefined;
  /** The key set that we serve for the hook, and how often it was fetched. Absent when the hook has the key from elsewhere. */
  served?: { url: string; fetches(): number } | undefined;
}

/** Runs every case, one after another. Never throws for what the hook does. Throws InterruptedError. */
export async function testHook(test: HookTest): Promise<Case[]> {
  return withoutIdleHints(await allCases(test));
}

async function allCases(test: HookTest): Promise<Case[]> {
  const { cases, outcome } = await correctCases(test);
  if (outcome === 'none') return [...cases, notTried('a hook that answers')];
  const refusals = await refusalCases(test, outcome === 'answered');
  if (outcome === 'refused') return [...cases, ...refusals, notTried('a correct call that is answered with 2xx')];
  return [...cases, ...refusals, ...(await acceptanceCases(test)), ...(await limitCases(test))];
}

function notTried(expected: string): Case {
  return { name: 'all other cases', holds: false, advice: true, expected, got: 'none, so they were not tried' };
}
