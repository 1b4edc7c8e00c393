/** What a state throws when its store cannot be reached. */

/**
 * The store does not answer, or refuses to work. Whether the call was done is not known. Every service answers it with 503. It names
 * no value of a record, and no password.
 */
export class StoreAwayError extends Error {
  constructor(
    /** Host and port. */
    readonly place: string,
    /** In words, without a full stop. */
    readonly reason: string,
  ) {
    super(`The store at ${place} is away: ${reason}.`);
    this.name = 'StoreAwayError';
  }
}

/** Seconds after which a client may try again, for `Retry-After`. */
export const RETRY_AFTER = '1';
