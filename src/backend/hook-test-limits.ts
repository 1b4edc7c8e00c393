/** Cases about what a hook seldom sees: scopes that it does not know, the largest calls, many calls at once. */
import type { Case } from './case.js';
import { signedRequest, type HookCall } from './hook-call.js';
import type { HookTest } from './hook-test.js';
import { readVerdict, type HookReading } from './hook-verdict.js';
import { msInWords, readingInWords } from './hook-words.js';

const UNKNOWN_SCOPE = 'stepup-test:unknown';
/** Prelude: its value may have 320 characters under a register scope. */
const REGISTER_SCOPE = 'prld:email:register';
const AT_ONCE = 10;

/** 5 entries, keys of 12 and values of 32 characters (Prelude: metadata), which no two JSON libraries write in the same way. */
const LARGEST_METADATA: Record<string, string> = {
  abcdefghijkl: 'x'.repeat(32),
  'with spaces!': 'a b '.repeat(8),
  escaped_char: '"\\/<>&\'\t'.repeat(4),
  accents_euro: 'éß€ñ'.repeat(8),
  other_planes: '🔐'.repeat(32),
};

export async function limitCases(test: HookTest): Promise<Case[]> {
  return [await unknownScope(test), await largestMetadata(test), await largestIdentifier(test), await atOnce(test)];
}

async function ask(test: HookTest, call: HookCall): Promise<{ reading: HookReading; status: number | undefined }> {
  const { answer } = await test.send(signedRequest(call, test.key));
  const reading = readVerdict(answer, { stepKeys: test.stepKeys, identifiers: call.identifiers });
  return { reading, status: answer.outcome === 'failed' ? undefined : answer.status };
}

async function unknownScope(test: HookTest): Promise<Case> {
  const { reading, status } = await ask(test, { ...test.calls[0], scope: UNKNOWN_SCOPE });
  const base = { name: 'unknown scope', expected: 'block', got: readingInWords(reading) };
  if (reading.ok && reading.verdict.status === 'block') return { ...base, holds: true };
  if (reading.ok && reading.verdict.status === 'continue') {
    return { ...base, holds: false, hint: `It grants ${UNKNOWN_SCOPE} without a step: block what it does not know.` };
  }
  const hint = `Block what it does not know; ${UNKNOWN_SCOPE} is no scope of yours.`;
  if (reading.ok) return { ...base, holds: false, advice: true, hint };
  const refused = status !== undefined && status >= 400 && status <= 499;
  return refused
    ? {
        ...base,
        holds: false,
        advice: true,
        hint: 'With 4xx the user gets an error instead of a refusal: answer block.',
      }
    : { ...base, holds: false, hint };
}

async function largestMetadata(test: HookTest): Promise<Case> {
  const { reading } = await ask(test, { ...test.calls[0], metadata: LARGEST_METADATA });
  return {
    name: 'largest metadata',
    holds: reading.ok,
    expected: 'a verdict for 5 entries of 12 and 32 characters',
    got: readingInWords(reading),
    hint: 'Is the signature checked over the raw bytes, and does a column or schema limit the length?',
  };
}

async function largestIdentifier(test: HookTest): Promise<Case> {
  const identifier = `${'a'.repeat(64)}@${`${'b'.repeat(61)}.`.repeat(4)}example`;
  const { reading, status } = await ask(test, {
    ...test.calls[0],
    scope: REGISTER_SCOPE,
    metadata: { identifier },
  });
  const refused = status !== undefined && status >= 400 && status <= 499;
  return {
    name: `identifier of ${identifier.length} characters`,
    holds: reading.ok,
    ...(refused ? { advice: true as const } : {}),
    expected: `a verdict for ${REGISTER_SCOPE}`,
    got: readingInWords(reading),
    hint: refused
      ? 'Fine where the hook is never asked for it; else answer block.'
      : 'Answer block for what is too long.',
  };
}

async function atOnce(test: HookTest): Promise<Case> {
  const [base] = test.calls;
  const calls = Array.from({ length: AT_ONCE }, (_, at) => ({ ...base, userId: `${base.userId}_${at + 1}` }));
  const answers = await Promise.all(
    calls.map(async (call) => {
      const { answer, ms } = await test.send(signedRequest(call, test.key));
      return { reading: readVerdict(answer, { stepKeys: test.stepKeys, identifiers: call.identifiers }), ms };
    }),
  );
  const wrong = answers.map(({ reading }) => reading).filter(({ ok }) => !ok);
  const slowest = msInWords(Math.max(...answers.map(({ ms }) => ms)));
  return {
    name: `${AT_ONCE} calls at once`,
    holds: wrong.length === 0,
    expected: `${AT_ONCE} verdicts`,
    got: wrong[0] ? `${wrong.length} failed: ${readingInWords(wrong[0])}` : `${AT_ONCE}, the slowest after ${slowest}`,
    hint: 'Answer calls side by side, and fetch the key set once for all.',
  };
}
