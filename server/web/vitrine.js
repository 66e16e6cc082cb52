// The reference client of `vitrine.v1.json`: a socket that may break at any time, and a screen that stays right.

import { Memory } from "/web/memory.js";
import { Patience } from "/web/patience.js";
import { Requests } from "/web/requests.js";

const PROTOCOL = "vitrine.v1.json";
const TRACK_AT_MOST = 200;

/**
 * Callbacks:
 *   prepare()  before each connection, may be async: renew what the upgrade carries
 *   token()  who you are where no cookie says so, may be async: for `connect`, and again before the token runs out
 *   event(topic, type, data)  each event once, in order within its topic
 *   counts({post_id: {v, likes, reposts, comments}})  absolute, and newer than what was told before
 *   stale(topic)  the topic begins from no position or one too old: the page may have a hole, fetch it anew. Resolves to
 *       the `Stream-Position` of the new page, from which the topic goes on: it may be a page that somebody kept
 *   lost(topic, code)  the topic is not watched (any more)
 *   state("live" | "connecting" | "off", why)
 */
export class Live {
  memory = new Memory();
  #url;
  #on;
  #socket = null;
  #requests = null; // those on this socket
  // name → {position: null while its page is fetched, isLive: positions speak for it, isBehind: its events come again}
  #topics = new Map();
  #tracked = new Set();
  #patience = new Patience();
  #isWanted = false;

  constructor(callbacks, url = new URL("/v1/realtime", location.href)) {
    this.#url = new URL(url);
    this.#url.protocol = this.#url.protocol === "https:" ? "wss:" : "ws:";
    this.#on = { prepare() {}, token() {}, event() {}, counts() {}, stale() {}, lost() {}, state() {}, ...callbacks };
    globalThis.addEventListener?.("online", () => this.#hurry());
    globalThis.document?.addEventListener("visibilitychange", () => document.hidden || this.#hurry());
  }

  start() {
    this.#isWanted = true;
    this.#connect();
  }

  stop() {
    this.#isWanted = false;
    this.#drop();
    this.#topics.clear();
    this.#tracked.clear();
    this.#on.state("off", "stopped");
  }

  /** Watch a topic from a position on: the `Stream-Position` of the page that is on the screen. */
  watch(topic, position = null) {
    this.#topics.set(topic, { position, isLive: false, isBehind: false });
    if (this.#isOpen) this.#subscribe(topic, this.#topics.get(topic), position);
  }

  unwatch(topic) {
    if (!this.#topics.delete(topic) || !this.#isOpen) return;
    this.#requests.insist({ op: "unsub", topic }, () => !this.#topics.has(topic));
  }

  /** Ask for the counts of exactly these posts from now on, those on the screen. */
  track(ids) {
    const before = this.#tracked;
    this.#tracked = new Set([...ids].slice(-TRACK_AT_MOST));
    if (!this.#isOpen) return;
    const gone = [...before].filter((id) => !this.#tracked.has(id));
    const come = [...this.#tracked].filter((id) => !before.has(id));
    const isGone = () => !gone.some((id) => this.#tracked.has(id));
    if (gone.length) this.#requests.insist({ op: "untrack", posts: gone }, isGone);
    if (come.length) this.#track(come);
  }

  get #isOpen() {
    return this.#socket?.readyState === WebSocket.OPEN && this.#socket.isConnected === true;
  }

  async #connect() {
    this.#drop();
    if (!this.#isWanted) return;
    this.#on.state("connecting");
    let token;
    try {
      await this.#on.prepare();
      token = await this.#on.token();
    } catch (error) {
      return error.status === 401 ? this.#end("signed out") : this.#again();
    }
    if (!this.#isWanted || this.#socket) return;
    const socket = (this.#socket = new WebSocket(this.#url, PROTOCOL));
    this.#requests = new Requests(socket, () => socket === this.#socket);
    socket.onopen = () => this.#introduce(token);
    socket.onmessage = (message) => socket === this.#socket && this.#receive(JSON.parse(message.data));
    socket.onclose = (close) => socket === this.#socket && this.#closed(close.code);
    this.#patience.heard(() => this.#closed(1006));
  }

  #introduce(token) {
    const topics = {};
    // A topic whose refetch was under way when the last socket broke has no position, and is fetched once more.
    for (const [name, known] of this.#topics) topics[name] = known.position;
    const asked = new Map(this.#topics);
    this.#requests.send({ op: "connect", token, topics }, (ok) => {
      if (!ok) return; // the close that follows says why
      this.#socket.isConnected = true;
      this.#patience.opened();
      this.#patience.silenceMs = ok.ping_ms * 1.5;
      for (const [name, known] of this.#topics) {
        if (asked.get(name) === known) this.#begun(name, known, ok.topics[name], topics[name]);
        else this.#subscribe(name, known, known.position);
      }
      if (this.#tracked.size) this.#track([...this.#tracked]);
      this.#on.state("live");
    });
  }

  #subscribe(topic, known, since) {
    const frame = since === null ? { op: "sub", topic } : { op: "sub", topic, since };
    const isWanted = () => this.#topics.get(topic) === known;
    this.#requests.insist(frame, isWanted, (ok, err) => {
      if (isWanted()) this.#begun(topic, known, err ? { err } : ok, since);
    });
  }

  #begun(topic, known, answer, since) {
    if (answer?.err?.code === "already_subscribed") return void (known.isBehind = false);
    if (answer?.err?.temporary) {
      const again = () => this.#topics.get(topic) === known && this.#subscribe(topic, known, since);
      return this.#requests.later(answer.err, again);
    }
    if (!answer || answer.err) return this.#lost(topic, answer?.err?.code ?? "unknown");
    const { isFetched } = known;
    const position = answer.recovered && since !== null ? since : answer.position;
    Object.assign(known, { position, isLive: true, isBehind: false, isFetched: false });
    if (answer.counts) this.#told(answer.counts);
    if (answer.recovered) return;
    // If even its new page was made too long ago, then in a moment nobody will keep it any more.
    if (isFetched) this.#requests.later({ retry_after_ms: 1_000 }, () => this.refetch(topic));
    else this.refetch(topic);
  }

  /** Have a topic's page fetched anew, and go on from there. What the topic says meanwhile it says again then. */
  async refetch(topic) {
    const known = this.#topics.get(topic);
    if (!known) return;
    const [socket, begun] = [this.#socket, known.position];
    const isCurrent = () => this.#topics.get(topic) === known && this.#socket === socket;
    Object.assign(known, { position: null, isLive: false, isBehind: true });
    try {
      const position = (await this.#on.stale(topic)) ?? begun;
      if (!isCurrent()) return;
      this.memory.forget(topic); // what was on the screen before is not
      Object.assign(known, { position, isFetched: true });
      if (this.#isOpen) this.#subscribe(topic, known, position);
    } catch {
      if (isCurrent()) socket?.close(4900, "refetch failed"); // the next connection tries again
    }
  }

  #track(posts) {
    const isWanted = () => posts.some((id) => this.#tracked.has(id));
    this.#requests.insist({ op: "track", posts }, isWanted, (ok) => ok && this.#told(ok.counts));
  }

  #receive(frame) {
    this.#patience.heard(() => this.#closed(1006));
    if (frame.push === "event") this.#event(frame);
    else if (frame.push === "counts") this.#told(frame.items);
    else if (frame.push === "ping") {
      this.#reached(frame.position);
      this.#socket.send('{"op":"pong"}');
    } else if (frame.push === "lag") {
      const known = this.#topics.get(frame.topic);
      if (!known?.position) return; // it goes on from its new page
      // Until it goes on from there no position speaks for it, not even if this socket breaks now. What it says before
      // that it says again, after what is older: to take it now would be out of order, to remember it would lose it.
      Object.assign(known, { position: frame.from, isLive: false, isBehind: true });
      this.#subscribe(frame.topic, known, frame.from);
    } else if (frame.push === "notice") this.#noticed(frame);
    else if ("id" in frame) this.#requests.answered(frame);
  }

  #event(push) {
    const known = this.#topics.get(push.topic);
    this.#reached(push.position);
    if (known ? known.isBehind : push.topic !== "me") return;
    if (this.memory.isFirst(push.topic, push.id)) this.#on.event(push.topic, push.type, push.data);
  }

  /** A position speaks for the whole socket: everything up to it was sent. */
  #reached(position) {
    for (const known of this.#topics.values()) if (known.isLive) known.position = position;
  }

  #told(items) {
    const news = this.memory.news(items);
    if (Object.keys(news).length) this.#on.counts(news);
  }

  #noticed({ reconnect, expiring, unsubscribed }) {
    if (reconnect) this.#patience.after(reconnect.after_ms, () => this.#connect());
    if (unsubscribed) this.#lost(unsubscribed.topic, unsubscribed.code);
    if (expiring) this.#refresh();
  }

  async #refresh() {
    // Without a newer one the token runs out, the socket closes, and connecting again meets the same error.
    const token = await Promise.resolve().then(() => this.#on.token()).catch(() => null);
    if (token && this.#isOpen) this.#requests.insist({ op: "refresh", token }, () => true);
  }

  #lost(topic, code) {
    this.#topics.delete(topic);
    this.#on.lost(topic, code);
  }

  #closed(code) {
    this.#drop();
    if (code >= 4500 && code < 4900) this.#end(code === 4500 || code === 4501 ? "signed out" : `closed ${code}`);
    else this.#again();
  }

  #end(why) {
    this.#isWanted = false;
    this.#on.state("off", why);
  }

  #again() {
    if (!this.#isWanted) return;
    this.#on.state("connecting");
    this.#patience.again(() => this.#connect());
  }

  #hurry() {
    if (this.#isWanted && !this.#socket) this.#connect();
  }

  #drop() {
    this.#patience.end();
    const socket = this.#socket;
    this.#socket = null;
    for (const known of this.#topics.values()) known.isLive = false;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }
}
