/** A verification token, by which a developer's backend tells Prelude that a custom step is done (Prelude: verification token). */
import { RANKS, type Finding } from './check.js';
import { readJws, type Claims } from './jws.js';
import { signatureFindings } from './keys.js';
import { aToken, kindOf, NAMES } from './kinds.js';
import { shown, shownList } from './shown.js';
import { lifeFindings } from './times.js';
import type { World } from './world.js';

/** Seconds: what the clocks may differ by, and how long a token may live. */
const LEEWAY = 30;
const LONGEST = 3600;

/** Looks at a verification token. */
export async function verificationFindings(text: string, world: World): Promise<Finding[]> {
  const what = NAMES.verification;
  const { jws, form } = readJws(text, what);
  if (!jws) return [form];
  const signed = { what, prefix: '', alg: 'RS256', owner: 'your backend', needsKid: true };
  const kind = kindOf(jws);
  const { claims } = jws;
  return [
    form,
    {
      check: 'kind',
      ok: kind === 'verification',
      expected: what,
      actual: kind === 'verification' ? what : `${NAMES[kind]}, by its claims`,
      cause: `This is no verification token: by its claims it is ${aToken(kind)}.`,
      hint: 'Your backend signs one for each custom step: stepup keys sign shows what is in it.',
      rank: RANKS.kind,
    },
    ...(await signatureFindings(jws, await world.keys('developer'), signed)),
    ...challengeFindings(claims, world),
    textFinding('status', claims['status'], 'completed', 'The status of the token must be the text completed.'),
    ...lifeFindings(claims, world, { what, prefix: '', leeway: LEEWAY }),
    lengthFinding(claims),
    ...jtiFindings(claims['jti']),
  ];
}

function textFinding(check: string, value: unknown, expected: string, cause: string, hint?: string): Finding {
  return {
    check,
    ok: value === expected,
    expected: shown(expected),
    actual: shown(value),
    cause,
    hint,
    rank: RANKS.claim,
  };
}

/** The challenge that it is for, where this store has it open. */
function challengeFindings(claims: Claims, { challenges }: World): Finding[] {
  const { challenge_id: id, sub, key } = claims;
  const missing = Object.entries({ challenge_id: id, sub, key }).filter(
    ([, value]) => typeof value !== 'string' || value === '',
  );
  if (missing.length > 0) {
    return missing.map(([check, value]) => ({
      check,
      ok: false,
      expected: 'a text',
      actual: shown(value),
      cause: `The verification token has no ${check}.`,
      hint: 'Its claims are sub, challenge_id, key, status, jti, iat, nbf and exp.',
      rank: RANKS.claim,
    }));
  }
  const challenge = challenges.find(({ challengeId }) => challengeId === id);
  if (!challenge) {
    const ids = challenges.map(({ challengeId }) => challengeId);
    const expected = ids.length === 0 ? 'no challenge is open in this store' : `one that is open: ${shownList(ids)}`;
    const hint =
      'Only the service knows it, if it is of another store. The id is that of stepup challenge list, or of onChallenge.';
    return [
      { check: 'challenge_id', ok: null, expected, actual: shown(id), hint },
      { check: 'sub', ok: null, expected: 'the user of the challenge', actual: shown(sub) },
      { check: 'key', ok: null, expected: 'the current step of the challenge', actual: shown(key) },
    ];
  }
  const { userId, currentStep, steps } = challenge;
  const known = steps.some((step) => step.key === key);
  return [
    { check: 'challenge_id', ok: true, expected: 'one that is open', actual: shown(id) },
    textFinding(
      'sub',
      sub,
      userId,
      'The verification token is about another user than the challenge.',
      'Its sub is the user id of Prelude (usr_…), not that of your own database.',
    ),
    textFinding(
      'key',
      key,
      currentStep,
      known
        ? `The verification token is for the step ${shown(key)}, and the current one is ${shown(currentStep)}.`
        : `The challenge has no step ${shown(key)}.`,
      'Steps are done in their order; see it with stepup challenge show.',
    ),
  ];
}

function lengthFinding({ iat, exp }: Claims): Finding {
  const life = typeof iat === 'number' && typeof exp === 'number' ? exp - iat : undefined;
  return {
    check: 'life',
    ok: life === undefined ? null : life > 0 && life <= LONGEST,
    expected: `at most ${LONGEST} s from iat to exp`,
    actual: life === undefined ? 'not known' : `${life} s`,
    cause:
      life !== undefined && life <= 0
        ? 'The verification token ends before it begins.'
        : 'The verification token lives too long to be taken.',
    hint: 'Five minutes are enough.',
    rank: RANKS.claim,
  };
}

function jtiFindings(jti: unknown): Finding[] {
  const has = typeof jti === 'string' && jti !== '';
  return [
    {
      check: 'jti',
      ok: has,
      expected: 'a text of its own',
      actual: shown(jti),
      cause: 'The verification token has no jti.',
      hint: 'Set a random one, new for each token.',
      rank: RANKS.claim,
    },
    ...(has
      ? [
          {
            check: 'replay',
            ok: null,
            expected: 'not seen before',
            actual: 'only the service knows',
            hint: 'A token is good once: sign a new one for another try.',
          },
        ]
      : []),
  ];
}
