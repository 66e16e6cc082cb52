// The bell: how much is new, moving by itself, and the list behind it.

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
    this.#tell(body.unread);
    if (!this.#panel.hidden) await this.#fill();
    return position;
  }

  event(type, data) {
    if (type !== "notification.changed" && type !== "marker.changed") return;
    this.#tell(data.unread, data.rings);
    if (this.#panel.hidden) return;
    if (data.removed) this.#shown.get(data.removed)?.remove();
    if (data.notification) this.#put(data.notification);
  }

  close() {
    this.#aborted.abort();
    this.#toggle(false);
    document.getElementById("bell-box").hidden = true;
  }

  #tell(unread, isNews) {
    this.#badge.hidden = unread === 0;
    this.#badge.textContent = unread >= 100 ? "99+" : unread;
    this.#button.setAttribute("aria-label", unread ? `Notifications, ${unread} unread` : "Notifications");
    document.title = unread ? `(${this.#badge.textContent}) Vitrine` : "Vitrine";
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
  }

  async #fill() {
    const { body } = await this.#api.get("/v1/notifications", { limit: 20 });
    this.#shown.clear();
    this.#list.replaceChildren();
    for (const notification of body.items) this.#put(notification);
    if (!body.items.length) this.#list.append(h("li.quiet", {}, "Nothing yet."));
    const unread = body.items.some((notification) => !notification.read);
    const [latest] = body.items;
    if (unread) await this.#api.send("PUT", "/v1/notifications/read", { until: latest.id, at: latest.at });
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
    item.dataset.at = notification.at;
    this.#shown.set(notification.id, item);
    this.#list.insertBefore(item, [...this.#list.children].find((other) => other.dataset.at < notification.at) ?? null);
  }
}

const list = new Intl.ListFormat("en", { type: "conjunction" });
