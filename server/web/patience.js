// How long a live client waits: before it tries again, and for a word of the server.

const SHORTEST_MS = 500;
const LONGEST_MS = 30_000;
const GROWTH = 1.5;

export class Patience {
  silenceMs = 40_000; // a server pings every 25 s, give or take a tenth, and waits ten for the answer
  #failures = 0;
  #openSince = null;
  #attempt = 0;
  #watchdog = 0;

  /** The attempt succeeded. That says little, the socket may be closed at once for what this page does. */
  opened() {
    this.#openSince = performance.now();
  }

  /** Try again, soon after a socket that lived long. Full jitter: many who were cut off together do not come back together. */
  again(attempt) {
    if (this.#openSince !== null && performance.now() - this.#openSince > LONGEST_MS) this.#failures = 0;
    this.#openSince = null;
    const most = Math.min(LONGEST_MS, SHORTEST_MS * GROWTH ** this.#failures++);
    this.after(Math.random() * most, attempt);
  }

  /** Try in so many milliseconds, and not before. */
  after(ms, attempt) {
    clearTimeout(this.#attempt);
    this.#attempt = setTimeout(attempt, ms);
  }

  /** Heard something. A socket that is silent for longer than the server's pings allow is dead, whatever it says. */
  heard(isDead) {
    clearTimeout(this.#watchdog);
    this.#watchdog = setTimeout(isDead, this.silenceMs);
  }

  end() {
    clearTimeout(this.#attempt);
    clearTimeout(this.#watchdog);
  }
}
