/** Ids that were used, each remembered until it would be refused anyway. With several processes: a store that they share. */
export class Memory {
  #until = new Map();
  #sweptAt = 0;

  /** False when `id` was taken before. `until` is in seconds since 1970. */
  take(id, until) {
    const now = Date.now() / 1000;
    if (now - this.#sweptAt > 60) this.#sweep(now);
    if (this.#until.has(id)) return false;
    this.#until.set(id, until);
    return true;
  }

  #sweep(now) {
    this.#sweptAt = now;
    for (const [id, until] of this.#until) if (until < now) this.#until.delete(id);
  }
}
