// Who is not signed in sees what is worth seeing, and three accounts to try.

import { avatar, compact, h, icon, toast } from "/web/dom.js";
import { placeholder } from "/web/thumbhash.js";

const DEMO = ["ada", "boris", "chloe"];
const PASSWORD = "demo-vitrine";
const WALL = 30;

export class Welcome {
  #api;
  #live;
  #numbers = new Map(); // post id → element
  #wall = h("div.wall", { "aria-label": "Photographs worth seeing" });
  #accounts = h("div.accounts");

  /** `signedIn()` is called when somebody is. */
  constructor({ api, live }, signedIn) {
    this.#api = api;
    this.#live = live;
    this.signIn = async (login, password) => {
      try {
        await api.signIn(login, password);
        await signedIn();
      } catch (error) {
        toast(error.message);
      }
    };
    this.element = h(
      "section.welcome",
      {},
      h("h1", {}, "Photographs, ", h("em", {}, "as they appear.")),
      h("p.lead", {}, "Follow people, see their work the moment it is there, and watch a like land on somebody else’s screen. Pick an account and look around."),
      this.#accounts,
      this.#form(),
      this.#wall,
    );
  }

  async open() {
    await Promise.all([this.#fillAccounts(), this.#fillWall()]);
    this.#live.watch("feed:forYou");
  }

  close() {
    this.#live.unwatch("feed:forYou");
    this.#live.track([]);
    this.element.remove();
  }

  event() {}

  async refetch() {}

  counts(news) {
    for (const [id, { likes }] of Object.entries(news)) {
      const number = this.#numbers.get(id);
      if (number) number.textContent = compact(likes);
    }
  }

  async #fillAccounts() {
    const found = await Promise.all(DEMO.map((name) => this.#api.get(`/v1/profiles/${name}`).catch(() => null)));
    this.#accounts.replaceChildren(
      ...found.filter(Boolean).map(({ body: { profile } }) =>
        h(
          "button.account",
          { type: "button", "data-username": profile.username, onclick: () => this.signIn(profile.username, PASSWORD) },
          avatar(profile),
          h("span", {}, h("b", {}, profile.display_name), h("small", {}, `${compact(profile.counts.followers)} followers · ${compact(profile.counts.posts)} posts`)),
        ),
      ),
    );
  }

  #form() {
    const login = h("input", { id: "login", autocomplete: "username", required: true, maxlength: 254 });
    const password = h("input", { id: "password", type: "password", autocomplete: "current-password", required: true, maxlength: 128 });
    return h(
      "details.other",
      {},
      h("summary", {}, "Sign in with another account"),
      h(
        "form",
        { onsubmit: (submit) => { submit.preventDefault(); this.signIn(login.value, password.value); } },
        h("label", { for: "login" }, "Username or e-mail", login),
        h("label", { for: "password" }, "Password", password),
        h("button.primary", { type: "submit" }, "Sign in"),
      ),
    );
  }

  async #fillWall() {
    const { body } = await this.#api.get("/v1/feed", { type: "forYou", limit: WALL });
    this.#wall.replaceChildren(...body.items.filter(({ post }) => post.photo.variants.length).map(({ post }) => this.#tile(post)));
    this.#live.track(body.items.map(({ post }) => post.id));
  }

  #tile({ id, photo, author, counts }) {
    const number = h("span", {}, compact(counts.likes));
    this.#numbers.set(id, number);
    const variant = photo.variants.find(({ name }) => name === "card") ?? photo.variants[0];
    const image = h("img", { src: variant.url, alt: photo.alt ?? "", width: variant.width, height: variant.height, loading: "lazy", decoding: "async" });
    const frame = h("figure.tile", {}, placeholder(photo.placeholder ?? ""), image, h("figcaption", {}, h("span", {}, author.display_name), h("span.likes", {}, icon("heart"), number)));
    frame.style.aspectRatio = `${photo.width} / ${photo.height}`;
    return frame;
  }
}
