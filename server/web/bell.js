// The bell: how much is new, moving by itself, and the list behind it. Who opens it has seen what is there, and has read
// it when they close it again.

import { ago, avatar, h, icon, toast } from "/web/dom.js";

const DEEDS = {
  like: "liked your photograph",
  repost: "reposted your photograph",
  follow: "followed you",
  followRequest: "asked to follow you",
  comment: "commented on your photograph",
  reply: "replied to you",
  mention: "mentioned you",
  uploadRejected: "A photograph that you uploaded cannot be shown.",
};
const SYMBOLS = { like: "heart", repost: "repost", follow: "person" };

export class Bell {
  #api;
  #button = document.getElementById("bell");
  #badge = document.getElementById("badge");
  #panel = document.getElementById("news");
  #list = h("ol.news-list");
  #shown = new Map(); // notification id → element
  #aborted = new AbortController();

  constructor(api) {
    this.#api = api;
    document.getElementById("bell-box").hidden = false;
    this.#panel.replaceChildren(h("h2", {}, "Notifications"), this.#list);
    const { signal } = this.#aborted;
    this.#button.addEventListener("click", () => this.#toggle(this.#panel.hidden), { signal });
    document.addEventListener("click", (click) => this.#button.parentElement.contains(click.target) || this.#toggle(false), { signal });
    document.addEventListener("keydown", (key) => key.key === "Escape" && this.#close(), { signal });
  }

  /** Fetch what is there; returns the position it stands for. */
  async refetch() {
    const { body, position } = await this.#api.get("/v1/notifications/unread");
    this.#tell(body.unseen);
    if (!this.#panel.hidden) await this.#fill();
    return position;
  }

  event(type, data) {
    if (type !== "notification.changed" && type !== "marker.changed") return;
    this.#tell(data.unseen, data.rings);
    if (this.#panel.hidden) return;
    if (data.removed) this.#shown.get(data.removed)?.remove();
    this.#shown.delete(data.removed);
    if (type === "marker.changed") this.#markRead(data.read_at);
    if (!data.notification) return;
    this.#put(data.notification);
    if (data.unseen) this.#mark("seen").catch(() => {}); // it is on the screen; if this fails it is sent with the next
  }

  close() {
    this.#aborted.abort();
    this.#toggle(false);
    document.getElementById("bell-box").hidden = true;
  }

  #tell(unseen, isNews) {
    this.#badge.hidden = unseen === 0;
    this.#badge.textContent = unseen >= 100 ? "99+" : unseen;
    this.#button.setAttribute("aria-label", unseen ? `Notifications, ${unseen} new` : "Notifications");
    document.title = unseen ? `(${this.#badge.textContent}) Vitrine` : "Vitrine";
    if (isNews) {
      this.#button.classList.remove("ringing");
      void this.#button.offsetWidth; // begins the animation anew
      this.#button.classList.add("ringing");
    }
  }

  #close() {
    if (this.#panel.hidden) return;
    this.#toggle(false);
    this.#button.focus();
  }

  async #toggle(isOpen) {
    if (this.#panel.hidden === !isOpen) return;
    this.#panel.hidden = !isOpen;
    this.#button.setAttribute("aria-expanded", String(isOpen));
    if (isOpen) await this.#fill().catch((error) => toast(error.message));
    else if (this.#list.querySelector(".unread")) await this.#mark("read").catch((error) => toast(error.message));
  }

  /** All up to the newest that is shown are `seen`, or `read`. */
  async #mark(as) {
    const newest = this.#list.querySelector("[data-id]");
    if (!newest || this.#aborted.signal.aborted) return;
    await this.#api.send("PUT", `/v1/notifications/${as}`, { until: newest.dataset.id, at: newest.dataset.at });
  }

  #markRead(at) {
    for (const item of this.#shown.values()) if (at && Date.parse(item.dataset.at) <= Date.parse(at)) item.classList.remove("unread");
  }

  async #fill() {
    const { body } = await this.#api.get("/v1/notifications", { limit: 20 });
    this.#shown.clear();
    this.#list.replaceChildren();
    for (const notification of body.items) this.#put(notification);
    if (!body.items.length) this.#list.append(h("li.quiet", {}, "Nothing yet."));
    if (body.items.some((notification) => !notification.seen)) await this.#mark("seen");
  }

  /** Show a notification where it belongs: the latest stands first. */
  #put(notification) {
    this.#shown.get(notification.id)?.remove();
    const { people, count, kind } = notification;
    const names = people.slice(0, count > 2 ? 1 : 2).map((person) => person.display_name);
    const others = count - names.length;
    if (others > 0) names.push(`${others} others`);
    const item = h(
      "li",
      { class: notification.read ? null : "unread" },
      h("span.faces", {}, people.slice(0, 2).map(avatar), h(`span.kind.${kind}`, {}, icon(SYMBOLS[kind] ?? "bell"))),
      h("p", {}, h("b", {}, list.format(names)), ` ${DEEDS[kind] ?? kind} `, ago(notification.at)),
    );
    Object.assign(item.dataset, { at: notification.at, id: notification.id });
    this.#shown.set(notification.id, item);
    this.#list.insertBefore(item, [...this.#list.children].find((other) => other.dataset.at < notification.at) ?? null);
  }
}

const list = new Intl.ListFormat("en", { type: "conjunction" });
