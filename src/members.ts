/** What a program in plain JavaScript gives: no compiler has looked at its names, and one that nobody knows is a wish that nobody hears. */

/** What is wrong with it, in words: it is no object, or has a member that is not known. `what` begins the sentence. */
export function memberProblem(given: unknown, known: readonly string[], what: string): string | undefined {
  if (typeof given !== 'object' || given === null) return `${what} are no object.`;
  const unknown = Object.keys(given).find((name) => !known.includes(name));
  return unknown === undefined ? undefined : `${what} have no "${unknown}", but ${known.join(', ')}.`;
}
