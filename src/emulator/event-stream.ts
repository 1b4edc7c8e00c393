/** What the stream of events and its readers agree on. */

/** The comment after the events that were kept: a reader that does not want to wait has all. */
export const ALL_SO_FAR = 'all so far';

/** The comment while the store is away. */
export const STORE_AWAY = 'the store is away';
