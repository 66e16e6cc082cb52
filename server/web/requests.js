// Requests on one socket, and what to do with their answers.

export class Requests {
  #socket;
  #isCurrent;
  #nextId = 1;
  #waiting = new Map(); // request id → what to do with the answer

  /** `isCurrent()` says whether the socket is still the one that is in use. */
  constructor(socket, isCurrent) {
    this.#socket = socket;
    this.#isCurrent = isCurrent;
  }

  /** Ask; `then(ok, err)` has the answer, if one comes. */
  send(frame, then = () => {}) {
    const id = this.#nextId++;
    this.#waiting.set(id, then);
    this.#socket.send(JSON.stringify({ id, ...frame }));
  }

  /** Ask, and ask again what is refused for now, as long as it is wanted. */
  insist(frame, isWanted, then = () => {}) {
    this.send(frame, (ok, err) => {
      if (err?.temporary) this.later(err, () => isWanted() && this.insist(frame, isWanted, then));
      else then(ok, err);
    });
  }

  /** Do that when what was refused may be tried again, if the socket is still the same. */
  later(err, again) {
    setTimeout(() => this.#isCurrent() && again(), err.retry_after_ms);
  }

  answered({ id, ok, err }) {
    const then = this.#waiting.get(id);
    this.#waiting.delete(id);
    then?.(ok, err);
  }
}
