// Vitrine's REST for a page of its own origin: cookies carry who we are, a header proves that we sent it.

/** A problem+json reply; `code` never changes, `detail` is for people. */
export class Problem extends Error {
  constructor(status, body) {
    super(body.detail || body.title || `The server answered ${status}.`);
    Object.assign(this, { status, code: body.code ?? "", errors: body.errors ?? [] });
  }
}

const FRESH_MS = 8 * 60_000; // an access cookie lives ten minutes
const FRESH = "vitrine.fresh";

const cookie = (name) => document.cookie.split("; ").find((part) => part.startsWith(`${name}=`))?.slice(name.length + 1);

export class Api {
  #refreshing = null;

  /** Whether this browser holds a session; only the server knows whether it still stands. */
  get isSignedIn() {
    return Boolean(cookie("vitrine_csrf"));
  }

  /** GET: `{body, position}`, the position where `sub` goes on from. */
  get(path, query = {}) {
    const search = new URLSearchParams(query).toString();
    return this.#call("GET", search ? `${path}?${search}` : path);
  }

  /** PUT, POST or DELETE: the body of the reply. */
  async send(method, path, body) {
    return (await this.#call(method, path, body)).body;
  }

  async signIn(login, password) {
    const { body } = await this.#fetch("POST", "/v1/auth/login", { login, password, client: "web" });
    this.#noteFresh();
    return body.user;
  }

  async signOut() {
    await this.send("POST", "/v1/auth/logout");
    localStorage.removeItem(FRESH);
  }

  /** Renew the session's cookies when it is about time; tabs that do so at once all stay signed in. */
  async stayFresh() {
    if (!this.isSignedIn || Date.now() < Number(localStorage.getItem(FRESH))) return;
    await this.#refresh();
  }

  async #call(method, path, body) {
    await this.stayFresh();
    try {
      return await this.#fetch(method, path, body);
    } catch (problem) {
      if (problem.status !== 401 || !this.isSignedIn) throw problem;
      await this.#refresh();
      return this.#fetch(method, path, body);
    }
  }

  #refresh() {
    this.#refreshing ??= this.#fetch("POST", "/v1/auth/refresh", {})
      .then(() => this.#noteFresh())
      .finally(() => (this.#refreshing = null));
    return this.#refreshing;
  }

  #noteFresh() {
    localStorage.setItem(FRESH, String(Date.now() + FRESH_MS));
  }

  async #fetch(method, path, body) {
    const headers = { Accept: "application/json" };
    if (body !== undefined) headers["Content-Type"] = "application/json";
    if (method !== "GET") headers["X-CSRF-Token"] = cookie("vitrine_csrf") ?? "";
    const response = await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
    const reply = response.status === 204 ? null : await response.json().catch(() => ({}));
    if (!response.ok) throw new Problem(response.status, reply ?? {});
    return { body: reply, position: response.headers.get("Stream-Position") };
  }
}
