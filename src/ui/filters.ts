/** Which events the list shows. */
import type { EventBook } from './event-book.js';
import type { Event } from './wire.js';
import { toneOf } from './words.js';

export interface Filter {
  /** Types that are hidden. */
  hidden: ReadonlySet<string>;
  /** Words that all must be somewhere in the event. */
  text: string;
  /** Only what was refused or failed. */
  onlyBad: boolean;
}

/** How the list begins: the line of a request tells of its refusal, too. */
export const FIRST_FILTER: Filter = { hidden: new Set(['refusal']), text: '', onlyBad: false };

/** The newest `most` events that fit and are not newer than `upTo`, newest first, with how many fit in all. */
export function choose(
  book: EventBook,
  { hidden, text, onlyBad }: Filter,
  { most, upTo = Infinity }: { most: number; upTo?: number | undefined },
): { shown: Event[]; total: number } {
  const sought = text.toLowerCase().split(/\s+/).filter(Boolean);
  const fits = (event: Event): boolean =>
    event.id <= upTo &&
    !hidden.has(event.type) &&
    (!onlyBad || toneOf(event) === 'bad') &&
    sought.every((word) => book.textOf(event).includes(word));
  const all = book.events.filter(fits);
  return { shown: all.slice(-most).toReversed(), total: all.length };
}
