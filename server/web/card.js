// One post on the page: made once, then told what changes.

import { ago, avatar, compact, h, icon } from "/web/dom.js";
import { placeholder } from "/web/thumbhash.js";

const SIZES = "(min-width: 700px) 640px, 100vw";

export class Card {
  #likes;
  #reposts;
  #frame;
  #words = h("div.said");
  #follow = null;

  /** `deeds`: like(card), repost(card), follow(card), each called when somebody presses. */
  constructor({ post, viewer, reposted_by: reposters }, me, deeds) {
    this.id = post.id;
    this.author = post.author;
    this.viewer = viewer ?? { liked: false, reposted: false, following: false };
    this.counts = post.counts;
    this.isMine = me?.id === post.author.id;
    this.#frame = h("div.photo");
    this.#likes = count("like", "heart", () => deeds.like(this));
    this.#reposts = count("repost", "repost", () => deeds.repost(this));
    if (!this.isMine) {
      this.#follow = h("button.follow", { type: "button", onclick: () => deeds.follow(this) });
    }
    this.element = h(
      "article.card",
      { id: `post-${post.id}`, tabindex: "-1", "aria-label": `Photograph by ${post.author.display_name}` },
      reposters && byline(reposters),
      h(
        "header",
        {},
        avatar(post.author),
        h("div.who", {}, h("b", {}, post.author.display_name), h("span", {}, `@${post.author.username} · `, ago(post.created_at))),
        this.#follow,
      ),
      this.#frame,
      h(
        "div.words",
        {},
        this.#words,
        h("div.deeds", {}, this.#likes.button, this.#reposts.button),
      ),
    );
    this.update(post);
    this.tell();
  }

  /** What its author says and shows, as it is now. */
  update({ caption, tags, photo }) {
    this.#words.replaceChildren(
      ...[caption && h("p.caption", {}, caption), tags.length > 0 && h("p.tags", {}, tags.map((tag) => h("span", {}, `#${tag}`)))].filter(Boolean),
    );
    this.photoId = photo.id;
    this.show(photo);
  }

  /** The photograph as it is now: processing, or ready. */
  show(photo) {
    const isReady = photo.variants.length > 0;
    this.element.dataset.photo = photo.state;
    if (photo.width) this.#frame.style.aspectRatio = `${photo.width} / ${photo.height}`;
    const below = photo.placeholder ? placeholder(photo.placeholder) : null;
    if (below) below.setAttribute("aria-hidden", "true");
    const rest = isReady ? picture(photo) : h("span.developing", {}, "Developing …");
    this.#frame.replaceChildren(...[below, rest].filter(Boolean));
  }

  /** Bring numbers and buttons up to date with `counts` and `viewer`. */
  tell() {
    this.#likes.tell(this.counts.likes, this.viewer.liked, this.viewer.liked ? "Unlike" : "Like");
    this.#reposts.tell(this.counts.reposts, this.viewer.reposted, this.viewer.reposted ? "Take back the repost" : "Repost");
    if (this.#follow) {
      this.#follow.textContent = this.viewer.following ? "Following" : "Follow";
      this.#follow.setAttribute("aria-pressed", String(this.viewer.following));
    }
  }
}

function picture(photo) {
  const variants = [...photo.variants].sort((one, other) => one.width - other.width);
  const widest = variants.at(-1);
  const image = h("img", {
    srcset: variants.map((variant) => `${variant.url} ${variant.width}w`).join(", "),
    sizes: SIZES,
    src: widest.url,
    width: widest.width,
    height: widest.height,
    alt: photo.alt ?? "",
    loading: "lazy",
    decoding: "async",
  });
  if (!image.complete) {
    image.classList.add("coming");
    image.addEventListener("load", () => image.classList.remove("coming"), { once: true });
  }
  return image;
}

function byline({ users, count: people }) {
  const others = people - 1;
  const text = `${users[0].display_name}${others > 0 ? ` and ${others} more` : ""} reposted`;
  return h("p.byline", {}, icon("repost"), text);
}

/** A button with a number that rolls when it changes. */
function count(name, symbol, onclick) {
  const number = h("span.number", {}, "");
  const button = h(`button.deed.${name}`, { type: "button", onclick }, icon(symbol), number);
  let shown = null;
  const tell = (value, pressed, label) => {
    button.setAttribute("aria-pressed", String(pressed));
    button.setAttribute("aria-label", `${label}, ${value} so far`);
    button.title = label;
    if (value === shown) return;
    number.textContent = compact(value);
    number.dataset.value = value;
    if (shown !== null) {
      number.classList.remove("up", "down");
      void number.offsetWidth; // begins the animation anew
      number.classList.add(value > shown ? "up" : "down");
    }
    shown = value;
  };
  return { button, tell };
}
