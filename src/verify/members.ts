import { memberProblem } from '../members.js';

/** A name that nobody knows would be a wish that nobody hears. Throws TypeError, as for anything that is no object. */
export function refuseUnknown(given: unknown, known: readonly string[], what: string): void {
  const problem = memberProblem(given, known, what);
  if (problem !== undefined) throw new TypeError(problem);
}
