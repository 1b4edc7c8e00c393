/** Pieces of which the seed's schema is made. A message is what was expected, as a phrase. */
import * as v from 'valibot';
import { plainObject } from '../plain-object.js';

/** An object that has these fields and no others, not even those that every object inherits. */
export function closed<Entries extends v.ObjectEntries>(entries: Entries) {
  return v.pipe(plainObject, member(entries));
}

/** The same, as a member of a variant, which knows by a field of it that it is no list. */
export function member<Entries extends v.ObjectEntries>(entries: Entries): v.StrictObjectSchema<Entries, undefined> {
  const bare = { ...entries };
  Object.setPrototypeOf(bare, null);
  return v.strictObject(bare);
}

/** A text of this form. */
export function text(form: RegExp, phrase: string): v.GenericSchema<string> {
  return v.pipe(v.string(phrase), v.regex(form, phrase));
}

/** A whole number within limits. */
export function whole(least: number, most: number): v.GenericSchema<number> {
  const phrase = `a whole number from ${least} to ${most}`;
  return v.pipe(v.number(phrase), v.integer(phrase), v.minValue(least, phrase), v.maxValue(most, phrase));
}

/** A list of at most `most` entries. */
export function list<Entry extends v.GenericSchema>(entry: Entry, most: number, least = 0) {
  const phrase = least > 0 ? `a list of ${least} to ${most}` : `a list of at most ${most}`;
  return v.pipe(v.array(entry, phrase), v.minLength(least, phrase), v.maxLength(most, phrase));
}

/** One of these words. */
export function oneOf<const Words extends readonly string[]>(words: Words): v.PicklistSchema<Words, string> {
  return v.picklist(words, words.join(' or '));
}

export const flag = v.boolean('true or false');
