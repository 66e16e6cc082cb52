// What a live client must remember to be right: delivery is at least once, and counts may overtake each other.

const EVENTS = 2_000;
const POSTS = 5_000;

export class Memory {
  #seen = new Set(); // "topic id"
  #counts = new Map(); // post id → the newest counts

  /** Whether this event of this topic is met for the first time. */
  isFirst(topic, id) {
    const key = `${topic} ${id}`;
    if (this.#seen.has(key)) return false;
    if (this.#seen.size >= EVENTS) this.#seen.delete(this.#seen.values().next().value);
    this.#seen.add(key);
    return true;
  }

  /** What was met of this topic is not on the screen any more. */
  forget(topic) {
    for (const key of this.#seen) if (key.startsWith(`${topic} `)) this.#seen.delete(key);
  }

  /** These counts of a post, or those known already if they are as new: `v` only grows. */
  newest(postId, counts) {
    const known = this.#counts.get(postId);
    if (known && known.v >= counts.v) return known;
    this.#counts.delete(postId);
    if (this.#counts.size >= POSTS) this.#counts.delete(this.#counts.keys().next().value); // the one met longest ago
    this.#counts.set(postId, counts);
    return counts;
  }

  /** Of counts as frames carry them, `[id, v, likes, reposts, comments]`, those that are new, by post id. */
  news(items) {
    const news = {};
    for (const [id, v, likes, reposts, comments] of items) {
      const told = { v, likes, reposts, comments };
      if (this.newest(id, told) === told) news[id] = told;
    }
    return news;
  }
}
