// Elements without markup in strings: nothing a person writes is ever parsed as HTML.

/** h("p.class", {attribute: value, onclick: fn}, ...children); null and false children are left out. */
export function h(selector, attributes = {}, ...children) {
  const [name, ...classes] = selector.split(".");
  const element = document.createElement(name);
  if (classes.length) element.className = classes.join(" ");
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

const SVG = "http://www.w3.org/2000/svg";

export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `#i-${name}`);
  svg.append(use);
  return svg;
}

export function avatar(person) {
  const face = h("span.avatar", { "aria-hidden": "true" }, initials(person.display_name));
  if (person.avatar) {
    const image = h("img", { src: person.avatar, alt: "", loading: "lazy", decoding: "async" });
    image.addEventListener("error", () => image.remove());
    face.append(image);
  }
  return face;
}

const initials = (name) => name.split(/\s+/).slice(0, 2).map((part) => [...part][0] ?? "").join("").toUpperCase();

const number = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
export const compact = (count) => number.format(count);

const STEPS = [[60, 1, "s"], [3600, 60, "m"], [86400, 3600, "h"], [604800, 86400, "d"], [Infinity, 604800, "w"]];

/** A <time> that says how long ago, and keeps saying so. */
export function ago(at) {
  const date = new Date(at);
  return tell(h("time", { datetime: date.toISOString(), title: date.toLocaleString() }));
}

function tell(time) {
  const seconds = Math.max(0, (Date.now() - new Date(time.dateTime)) / 1000);
  const [, unit, sign] = STEPS.find(([below]) => seconds < below);
  time.textContent = seconds < 5 ? "now" : `${Math.floor(seconds / unit)}${sign}`;
  return time;
}

setInterval(() => document.querySelectorAll("time").forEach(tell), 15_000);

let hiding = 0;
/** One line at the foot of the page, for a few seconds. */
export function toast(text) {
  const box = document.getElementById("toast");
  box.textContent = text;
  box.dataset.shown = "";
  clearTimeout(hiding);
  hiding = setTimeout(() => delete box.dataset.shown, 4200);
}
