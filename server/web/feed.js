// A feed on the page: pages from REST, the rest from the socket.

import { Card } from "/web/card.js";
import { deeds } from "/web/deeds.js";
import { h, icon, toast } from "/web/dom.js";

const KINDS = {
  "for-you": { type: "forYou", topic: "feed:forYou" },
  following: { type: "following", topic: "feed:following" },
};
const PAGE = 12;
const NEAR_TOP = 240; // pixels within which new posts come in by themselves
const MOST_WAITING = 50; // beyond it only how many came is kept
const MOST_CARDS = 200; // beyond it those are let go that were scrolled past longest ago

export class Feed {
  #api;
  #live;
  #me;
  #deeds;
  #kind;
  #cards = new Map(); // post id → card
  #next = null;
  #isLoading = false;
  #turn = 0; // of the page that was asked for last
  #isClosed = false;
  #waiting = []; // items that came while somebody was reading
  #unseen = 0; // news of a ranking, which cannot simply go on top
  #visible = new Set();
  #list = h("div.list");
  #pill = h("button.pill", { type: "button", hidden: true, onclick: () => this.#showNews() });
  #end = h("p.end", {}, "");
  #watcher = new IntersectionObserver((entries) => this.#seen(entries), { rootMargin: "200px" });
  #bottom = new IntersectionObserver(([entry]) => entry.isIntersecting && this.#more(), { rootMargin: "1200px" });

  constructor(kind, { api, live, me }) {
    this.#kind = KINDS[kind];
    Object.assign(this, { kind });
    this.#api = api;
    this.#live = live;
    this.#me = me;
    this.#deeds = deeds(api, (change) => this.mine(change));
    this.element = h("section.feed", { "aria-busy": "true", "aria-label": kind === "following" ? "Following" : "For you" }, this.#pill, this.#list, this.#end);
    this.#list.append(...[0, 1].map(() => h("div.card.ghost", { "aria-hidden": "true" }, h("div.photo"))));
  }

  get topic() {
    return this.#kind.topic;
  }

  /** Fetch the first page and watch what comes after it. */
  async open() {
    const position = await this.refetch();
    if (this.#isClosed) return;
    this.#live.watch(this.topic, position);
    this.#bottom.observe(this.#end);
  }

  close() {
    this.#isClosed = true;
    this.#live.unwatch(this.topic);
    this.#live.track([]);
    this.#watcher.disconnect();
    this.#bottom.disconnect();
    this.element.remove();
  }

  /** Put a fresh first page on the screen; returns the position it stands for. */
  async refetch() {
    const turn = ++this.#turn;
    const { body, position } = await this.#api.get("/v1/feed", { type: this.#kind.type, limit: PAGE });
    if (turn !== this.#turn) return position; // a newer page is here, or on its way
    this.#watcher.disconnect();
    this.#visible.clear();
    this.#cards.clear();
    this.#waiting = [];
    this.#unseen = 0;
    this.#next = body.next;
    this.#list.replaceChildren(...body.items.map((item) => this.#card(item)));
    this.element.setAttribute("aria-busy", "false");
    this.#tellEnd();
    this.#tellNews();
    return position;
  }

  /** An event of this feed's topic. */
  event(type, data) {
    if (type === "post.published") this.#arrived({ post: data.post });
    else if (type === "post.reposted") this.#arrived({ post: data.post, reposted_by: { users: [data.by], count: 1 } });
    else if (type === "post.updated") this.update(data.post);
    else if (type === "post.deleted") this.remove(data.post_id);
    else if (type === "feed.new") {
      this.#unseen += data.count;
      this.#tellNews();
    }
  }

  counts(news) {
    for (const [id, counts] of Object.entries(news)) {
      const card = this.#cards.get(id);
      if (!card) continue;
      card.counts = counts;
      card.tell();
    }
  }

  /** Something I did on another device. */
  mine({ kind, subject_id: id, on }) {
    const field = { like: "liked", repost: "reposted", follow: "following" }[kind];
    for (const card of this.#cards.values()) {
      if (field && id === (kind === "follow" ? card.author.id : card.id)) {
        card.viewer[field] = on;
        card.tell();
      }
    }
  }

  /** Show a post of mine at once. */
  add(post) {
    if (!this.#cards.has(post.id)) this.#insert([{ post }]);
    this.#cards.get(post.id)?.element.scrollIntoView({ block: "nearest", behavior: "smooth" });
  }

  update(post) {
    this.#cards.get(post.id)?.update(post);
    for (const item of this.#waiting) if (item.post.id === post.id) item.post = post;
  }

  photo(photo) {
    for (const card of this.#cards.values()) if (card.photoId === photo.id) card.show(photo);
  }

  remove(id) {
    this.#waiting = this.#waiting.filter(({ post }) => post.id !== id);
    this.#tellNews();
    this.#drop(id);
  }

  #drop(id) {
    const card = this.#cards.get(id);
    if (!card) return;
    this.#cards.delete(id);
    this.#watcher.unobserve(card.element);
    this.#visible.delete(id);
    card.element.remove();
    this.#track();
  }

  #card(item) {
    const card = new Card(item, this.#me, this.#deeds);
    card.counts = this.#live.memory.newest(card.id, card.counts);
    card.tell();
    this.#cards.set(card.id, card);
    this.#watcher.observe(card.element);
    return card.element;
  }

  #arrived(item) {
    if (this.#cards.has(item.post.id) || this.#waiting.some(({ post }) => post.id === item.post.id)) return;
    if (scrollY < NEAR_TOP && !document.hidden && !this.#waiting.length) this.#insert([item]);
    else this.#waiting.push(item);
    if (this.#waiting.length > MOST_WAITING) this.#unseen += this.#waiting.splice(0).length;
    // A list that grew long at its top begins anew: its end is pages away from where the next page goes on.
    if (this.#cards.size > MOST_CARDS && scrollY < NEAR_TOP) this.#live.refetch(this.topic);
    this.#tellNews();
  }

  #insert(items) {
    for (const item of items) {
      // Whom I follow I follow, as far as the event tells; what I did with the post I learn when I ask.
      const viewer = { liked: false, reposted: false, following: !item.reposted_by };
      const element = this.#card({ viewer, ...item });
      element.classList.add("new");
      this.#list.prepend(element);
    }
    this.#tellEnd();
    // What is not learnt now shows with the next page.
    if (items.some((item) => item.reposted_by)) this.#learn(items).catch(() => {});
  }

  /** Reposts show posts I may have met before. */
  async #learn(items) {
    const { body } = await this.#api.get("/v1/posts", { ids: items.map(({ post }) => post.id).join(",") });
    for (const { post, viewer } of body.items) {
      const card = this.#cards.get(post.id);
      if (!card || !viewer) continue;
      card.viewer = viewer;
      card.tell();
    }
  }

  async #showNews() {
    if (this.#unseen) await this.#live.refetch(this.topic);
    else this.#insert(this.#waiting.splice(0));
    this.#tellNews();
    scrollTo({ top: 0, behavior: "smooth" });
    this.#list.querySelector(".card")?.focus({ preventScroll: true });
  }

  #tellNews() {
    const count = this.#waiting.length + this.#unseen;
    this.#pill.hidden = count === 0;
    this.#pill.replaceChildren(icon("up"), `${count} new`);
  }

  #tellEnd() {
    this.#end.textContent = this.#next ? "" : this.#cards.size ? "That is all there is." : "Nothing here yet. Follow somebody, or look at For you.";
  }

  async #more() {
    if (this.#isLoading || !this.#next) return;
    this.#isLoading = true;
    try {
      const cursor = this.#next;
      const { body } = await this.#api.get("/v1/feed", { type: this.#kind.type, limit: PAGE, cursor });
      if (cursor !== this.#next) return; // the feed began anew meanwhile
      this.#next = body.next;
      this.#list.append(...body.items.filter(({ post }) => !this.#cards.has(post.id)).map((item) => this.#card(item)));
      this.#letGo();
      this.#tellEnd();
      // The end may still be in sight, and then nothing crosses it again.
      this.#bottom.unobserve(this.#end);
      this.#bottom.observe(this.#end);
    } catch (error) {
      say(error);
    } finally {
      this.#isLoading = false;
    }
  }

  /** Of a long list the beginning is far out of sight; whoever wants it back is offered to begin anew. */
  #letGo() {
    const gone = Math.max(0, this.#cards.size - MOST_CARDS);
    for (const element of [...this.#list.children].slice(0, gone)) this.#drop(element.id.slice("post-".length));
    this.#unseen += gone;
    this.#tellNews();
  }

  #seen(entries) {
    for (const { target, isIntersecting } of entries) {
      const id = target.id.slice("post-".length);
      if (isIntersecting) this.#visible.add(id);
      else this.#visible.delete(id);
    }
    this.#track();
  }

  #settling = 0;
  #track() {
    clearTimeout(this.#settling);
    this.#settling = setTimeout(() => this.element.isConnected && this.#live.track(this.#visible), 150);
  }
}

const say = (error) => toast(error.message);
