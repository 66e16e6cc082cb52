// The page: who is here, which feed is shown, and where the socket's events go.

import { Api } from "/web/api.js";
import { Bell } from "/web/bell.js";
import { Composer } from "/web/composer.js";
import { avatar, compact, h, icon, toast } from "/web/dom.js";
import { Feed } from "/web/feed.js";
import { followLetter } from "/web/letters.js";
import { Live } from "/web/vitrine.js";
import { Welcome } from "/web/welcome.js";

const main = document.getElementById("main");
const tabs = document.getElementById("tabs");
const pulse = document.getElementById("pulse");
const meBox = document.getElementById("me");
const STATES = { live: "live", connecting: "connecting", off: "offline" };

const api = new Api();
let live = null;
let me = null;
let bell = null;
let shown = null; // the feed, or the welcome

function connect() {
  live?.stop();
  live = new Live({
    prepare: () => api.stayFresh(),
    event(topic, type, data) {
      if (topic === shown?.topic) shown.event(type, data);
      if (topic === "me") mine(type, data);
    },
    counts: (news) => shown?.counts(news),
    stale: (topic) => (topic === "me" ? bell?.refetch() : topic === shown?.topic ? shown.refetch() : null),
    lost: (topic, code) => code === "unauthorized" && leave(),
    state(state, why) {
      pulse.dataset.state = state;
      document.getElementById("pulse-text").textContent = STATES[state];
      if (why === "signed out" && me) leave();
    },
  });
  live.start();
}

function mine(type, data) {
  bell?.event(type, data);
  if (type === "mine.changed") shown?.mine?.(data);
  else if (type === "upload.ready") shown?.photo?.(data.photo);
  else if (type === "upload.rejected") toast(`Your photograph was not taken: ${data.reason.replaceAll("_", " ")}.`);
  else if (type === "session.revoked") leave();
}

async function show() {
  const kind = location.hash === "#for-you" ? "for-you" : "following";
  if (shown?.kind === kind) return;
  shown?.close();
  for (const tab of tabs.children) {
    if (tab.id === `tab-${kind}`) tab.setAttribute("aria-current", "page");
    else tab.removeAttribute("aria-current");
  }
  const feed = (shown = new Feed(kind, { api, live, me }));
  main.prepend(feed.element);
  await feed.open().catch((error) => toast(error.message));
}

async function enter() {
  me = (await api.get("/v1/auth/me")).body.user;
  shown?.close();
  shown = null;
  connect();
  tabs.hidden = meBox.hidden = false;
  meBox.replaceChildren(
    h("span.name", { title: `@${me.username}` }, avatar(me)),
    h("button.tool", { type: "button", "aria-label": `Sign out ${me.display_name}`, title: "Sign out", onclick: () => api.signOut().catch(() => {}).then(leave) }, icon("out")),
  );
  bell = new Bell(api);
  const figure = Object.fromEntries(["posts", "followers", "following"].map((name) => [name, h("dd", {}, compact(me.counts[name]))]));
  const side = h(
    "aside.side",
    { "aria-label": "Publish" },
    h("p.hello", {}, avatar(me), h("span", {}, h("b", {}, me.display_name), h("small", {}, `@${me.username}`))),
    h("dl.figures", {}, Object.entries(figure).map(([name, element]) => h("div", {}, h("dt", {}, name), element))),
    new Composer(api, (post) => {
      shown.add(post);
      figure.posts.textContent = compact(++me.counts.posts);
      toast("Published. It is being developed.");
    }).element,
    h("p.keys", {}, h("kbd", {}, "j"), " ", h("kbd", {}, "k"), " next, previous · ", h("kbd", {}, "l"), " like · ", h("kbd", {}, "r"), " repost"),
    h("p.keys", {}, h("a", { href: "/docs" }, "API"), " · ", h("a", { href: "/v1/asyncapi.json" }, "live protocol")),
  );
  main.replaceChildren(side);
  main.className = "two";
  await Promise.all([show(), bell.refetch().then((position) => live.watch("me", position))]);
}

function leave() {
  me = null;
  bell?.close();
  bell = null;
  shown?.close();
  main.replaceChildren();
  main.className = "";
  tabs.hidden = meBox.hidden = true;
  meBox.replaceChildren();
  document.title = "Vitrine";
  connect();
  shown = new Welcome({ api, live }, enter);
  main.append(shown.element);
  shown.open().catch((error) => toast(error.message));
}

addEventListener("hashchange", () => followLetter(api).then(() => me && show()));

addEventListener("keydown", (key) => {
  if (!me || key.ctrlKey || key.metaKey || key.altKey || /^(INPUT|TEXTAREA|SELECT)$/.test(key.target.tagName)) return;
  const cards = [...document.querySelectorAll(".feed article")];
  const current = document.activeElement?.closest?.("article");
  if (key.key === "j" || key.key === "k") {
    const next = cards[Math.max(0, cards.indexOf(current) + (key.key === "j" ? 1 : -1))];
    next?.focus({ preventScroll: true });
    next?.scrollIntoView({ block: "start", behavior: "smooth" });
  } else if (key.key === "l") current?.querySelector(".like")?.click();
  else if (key.key === "r") current?.querySelector(".repost")?.click();
});

followLetter(api);
// A session that ended elsewhere is a visitor's.
if (api.isSignedIn) enter().catch(leave);
else leave();
