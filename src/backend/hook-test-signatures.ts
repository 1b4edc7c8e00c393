/** Cases about signatures: those that a hook must refuse, and those that it should bear. */
import type { Case } from './case.js';
import {
  hookBody,
  hookRequest,
  SALT_LENGTH,
  SIGNATURE_PREFIX,
  signHook,
  type HookExchange,
  type HookRequest,
} from './hook-call.js';
import { bitsOf } from './keys.js';
import type { HookTest } from './hook-test.js';
import { isSuccess } from './hook-test-correct.js';
import { readVerdict } from './hook-verdict.js';

const REFUSE = 'Check the signature over the raw body before anything else, and answer 401 where it does not fit.';

/**
 * Calls that are not Prelude's. `meaningful` is whether a correct call is answered: where it is not, a refusal proves nothing.
 */
export async function refusalCases(test: HookTest, meaningful: boolean): Promise<Case[]> {
  const { key, stranger, calls } = test;
  const body = hookBody(calls[0]);
  const signature = `${SIGNATURE_PREFIX}${signHook(body, key)}`;
  const forged = hookBody({ ...calls[0], userId: `${calls[0].userId}_forged` });
  const attempts: [name: string, request: HookRequest][] = [
    ['unsigned call refused', hookRequest(body, undefined, undefined)],
    ['signature of another key refused', hookRequest(body, `${SIGNATURE_PREFIX}${signHook(body, stranger)}`, key.kid)],
    ['tampered body refused', hookRequest(forged, signature, key.kid)],
    ['line end after the body refused', hookRequest(Buffer.concat([body, Buffer.from('\n')]), signature, key.kid)],
    ['unknown key id refused', hookRequest(body, signature, `${key.kid.slice(0, 100)}-unknown`)],
    ['signature without key id refused', hookRequest(body, signature, undefined)],
    ['signature that is none refused', hookRequest(body, `${SIGNATURE_PREFIX}AAAA`, key.kid)],
  ];
  const cases: Case[] = [];
  for (const [name, request] of attempts) cases.push(refusal(name, await test.send(request), meaningful));
  return cases;
}

function refusal(name: string, { answer }: HookExchange, meaningful: boolean): Case {
  const base = { name, expected: 'a status of 4xx' };
  if (answer.outcome === 'failed') {
    const hint = 'Answer 401: who calls is to know that the call was refused.';
    return { ...base, holds: false, got: answer.words, hint };
  }
  const { status } = answer;
  if (status >= 400 && status <= 499) {
    if (meaningful) return { ...base, holds: true, got: String(status) };
    return { ...base, holds: false, advice: true, got: `${status}, but a correct call is refused, too` };
  }
  if (!meaningful && !isSuccess(status)) {
    return { ...base, holds: false, advice: true, got: `${status}, as for a correct call` };
  }
  if (status >= 500) {
    return { ...base, holds: false, got: `${status}, an error`, hint: 'Refuse it with 401 instead of failing.' };
  }
  const reading = readVerdict(answer, { stepKeys: undefined, identifiers: [] });
  if (isSuccess(status) && reading.ok && reading.verdict.status === 'block') {
    return { ...base, holds: false, advice: true, got: `${status} with block`, hint: REFUSE };
  }
  return {
    ...base,
    holds: false,
    got: isSuccess(status) ? `${status}: it is taken for Prelude's` : String(status),
    hint: REFUSE,
  };
}

/** Other forms of a right signature. Prelude does not say which of them it sends, so a hook should take all. */
export async function acceptanceCases(test: HookTest): Promise<Case[]> {
  const { key, calls } = test;
  const body = hookBody(calls[0]);
  const bare = signHook(body, key);
  // The salt is random, so that a few signatures on there is one with a character in which the alphabets differ.
  let standard = bare;
  for (let tries = 0; tries < 20 && !/[-_]/.test(standard); tries += 1) standard = signHook(body, key);
  const longest = Math.ceil((bitsOf(key.privateKey) - 1) / 8) - SALT_LENGTH - 2;
  const attempts: [name: string, signature: string, hint: string][] = [
    ['signature without prefix accepted', bare, `Take off ${SIGNATURE_PREFIX} only where it is there.`],
    [
      'padded signature accepted',
      `${SIGNATURE_PREFIX}${bare}${'='.repeat(-bare.length & 3)}`,
      'Take off = at the end.',
    ],
    [
      'standard base64 accepted',
      `${SIGNATURE_PREFIX}${standard.replaceAll('-', '+').replaceAll('_', '/')}`,
      'Replace + by - and / by _ before you decode it.',
    ],
    [
      `salt of ${longest} bytes accepted`,
      `${SIGNATURE_PREFIX}${signHook(body, key, longest)}`,
      'Let the library find the length of the salt (auto): Prelude does not say which it is.',
    ],
  ];
  const cases: Case[] = [];
  for (const [name, signature, hint] of attempts) {
    const { answer } = await test.send(hookRequest(body, signature, key.kid));
    const holds = answer.outcome !== 'failed' && isSuccess(answer.status);
    const got = answer.outcome === 'failed' ? answer.words : String(answer.status);
    cases.push({ name, holds, advice: true, expected: 'a status of 2xx', got, hint });
  }
  return cases;
}
