/** What a test of a developer's own backend finds: one case after another, each of which holds or does not. */

/** One thing that must hold, and what was found. None of the texts may carry a secret. */
export interface Case {
  name: string;
  holds: boolean;
  /** In words, as is `got`. */
  expected: string;
  got: string;
  /** One thing to do about it, where it does not hold. */
  hint?: string | undefined;
  /** Good to have: where it does not hold, nothing must be mended. */
  advice?: true | undefined;
  /** It could not be tried here, and does not hold; `hint` says why. */
  untried?: true | undefined;
}

/** The cases without the hints of those that hold: there is nothing to do about them. */
export function withoutIdleHints(cases: readonly Case[]): Case[] {
  return cases.map(({ hint, ...one }) => (one.holds || hint === undefined ? one : { ...one, hint }));
}

/** Whether a case makes the whole fail. */
export function mustBeMended({ holds, advice, untried }: Pick<Case, 'holds' | 'advice' | 'untried'>): boolean {
  return !holds && advice !== true && untried !== true;
}
