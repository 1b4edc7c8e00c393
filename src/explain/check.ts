/** What is found out about something that was refused: one check after another, and the likeliest cause. */

/** Kinds of what can be explained. */
export const KINDS = ['token', 'proof', 'verification-token', 'hook', 'request'] as const;
export type Kind = (typeof KINDS)[number];

/** One check. None of the texts has a secret in it. */
export interface Check {
  /** What is checked: `htu`, `access token: exp`. */
  check: string;
  /** Null where it could not be checked here; `actual` says why. */
  ok: boolean | null;
  expected: string;
  actual: string;
  /** One thing to do about it. */
  hint?: string | undefined;
}

/** A check with what it says where it is the cause. */
export interface Finding extends Check {
  /** The cause in one sentence, where the check fails; of one that could not be made, what it is likely to be all the same. */
  cause?: string | undefined;
  /** Of several that fail the one with the least rank is the likeliest cause; what else fails may follow from it. */
  rank?: number | undefined;
}

export interface Explanation {
  kind: Kind;
  /** One sentence. */
  cause: string;
  /** What to do about the cause. */
  todo?: string | undefined;
  checks: Check[];
}

/** Ranks of causes, likeliest first: what is damaged explains all else, what is stale explains nothing else. */
export const RANKS = {
  /** Not what it should be at all: cut off, not sent, a variable's name. */
  form: 10,
  /** Of another kind, in the wrong place. */
  kind: 20,
  /** By a clock that is wrong. */
  clock: 25,
  /** Of another service, application or environment. */
  origin: 30,
  algorithm: 35,
  signature: 40,
  /** Over before it was sent. */
  time: 50,
  binding: 55,
  target: 60,
  claim: 65,
  scope: 70,
  /** Too old by now, which may say no more than that it was kept. */
  stale: 90,
  /** Borne by those who follow the specifications. */
  style: 95,
} as const;

/** Puts findings together: the likeliest cause of those that fail, and the checks in their order. */
export function conclude(kind: Kind, findings: readonly Finding[]): Explanation {
  const failed = findings.filter(({ ok }) => ok === false);
  const suspect = findings.filter(({ ok, cause }) => ok === null && cause !== undefined);
  const [likeliest] = (failed.length > 0 ? failed : suspect).toSorted(
    (a, b) => (a.rank ?? RANKS.claim) - (b.rank ?? RANKS.claim),
  );
  const checks = findings.map(({ cause: _cause, rank: _rank, hint, ...check }): Check => {
    return hint === undefined || check.ok === true ? check : { ...check, hint };
  });
  if (likeliest) {
    const { check, expected, actual, cause, hint } = likeliest;
    return { kind, cause: cause ?? `${check}: expected ${expected}, got ${actual}.`, todo: hint, checks };
  }
  const open = findings.filter(({ ok }) => ok === null).map(({ check }) => check);
  if (open.length === 0) return { kind, cause: 'Everything that can be checked holds.', checks };
  return {
    kind,
    cause: `Everything that could be checked holds; ${open.length} could not be: ${open.join(', ')}.`,
    todo: findings.find(({ ok, hint }) => ok === null && hint !== undefined)?.hint,
    checks,
  };
}
