// Publishing a photograph: sign, PUT to the storage, post; then it develops before everybody's eyes.

import { h, icon, toast } from "/web/dom.js";

const TYPES = ["image/jpeg", "image/png", "image/webp", "image/avif", "image/gif"];
const TAG = /#([\p{L}\p{N}_-]{1,50})/gu;

export class Composer {
  #api;
  #file = null;
  #input = h("input", { type: "file", accept: TYPES.join(","), class: "picker", id: "picker", onchange: () => this.#choose(this.#input.files[0]) });
  #preview = h("div.preview", { hidden: true });
  #caption = h("textarea", { id: "caption", rows: 2, maxlength: 2200, placeholder: "A caption, with #tags if you like", "aria-label": "Caption", disabled: true });
  #button = h("button.primary", { type: "submit", disabled: true }, "Publish");
  #progress = h("progress", { max: 1, value: 0, hidden: true, "aria-label": "Upload" });

  /** `published(post)` is called with the new post, still processing. */
  constructor(api, published) {
    this.#api = api;
    const drop = h("label.drop", { for: "picker" }, icon("image"), h("span", {}, h("b", {}, "Choose a photograph"), " or drop it here"));
    this.element = h(
      "form.composer",
      { "aria-label": "Publish a photograph", onsubmit: (submit) => { submit.preventDefault(); this.#publish(published); } },
      this.#input,
      drop,
      this.#preview,
      this.#caption,
      h("div.row", {}, this.#progress, this.#button),
    );
    for (const kind of ["dragenter", "dragover"]) this.element.addEventListener(kind, (drag) => { drag.preventDefault(); this.element.classList.add("over"); });
    for (const kind of ["dragleave", "drop"]) this.element.addEventListener(kind, () => this.element.classList.remove("over"));
    this.element.addEventListener("drop", (drop_) => { drop_.preventDefault(); this.#choose(drop_.dataTransfer.files[0]); });
  }

  #choose(file) {
    if (!file) return;
    if (!TYPES.includes(file.type)) return toast("A photograph is a JPEG, PNG, WebP, AVIF or GIF.");
    this.#file = file;
    const url = URL.createObjectURL(file);
    this.#preview.replaceChildren(h("img", { src: url, alt: "The photograph you chose", onload: () => URL.revokeObjectURL(url) }));
    this.#preview.hidden = false;
    this.element.classList.add("chosen");
    this.#caption.disabled = this.#button.disabled = false;
    this.#caption.focus();
  }

  async #publish(published) {
    const file = this.#file;
    if (!file) return;
    this.#button.disabled = true;
    this.#progress.hidden = false;
    try {
      const ticket = await this.#api.send("POST", "/v1/uploads/sign", { content_type: file.type, bytes: file.size });
      await put(ticket, file, (share) => (this.#progress.value = share));
      const caption = this.#caption.value.trim();
      const tags = [...new Set([...caption.matchAll(TAG)].map(([, tag]) => tag.toLowerCase()))].slice(0, 20);
      const words = caption.replace(/(\s*#[\p{L}\p{N}_-]+)+$/u, "").trim();
      published(await this.#api.send("POST", "/v1/posts", { upload_id: ticket.upload_id, caption: words, tags }));
      this.#clear();
    } catch (error) {
      toast(error.message);
      this.#button.disabled = false;
    } finally {
      this.#progress.hidden = true;
      this.#progress.value = 0;
    }
  }

  #clear() {
    this.#file = null;
    this.#input.value = "";
    this.#caption.value = "";
    this.#caption.disabled = true;
    this.#preview.hidden = true;
    this.#preview.replaceChildren();
    this.element.classList.remove("chosen");
  }
}

/** PUT with progress, which fetch does not tell. The browser sends the length, which is signed too. */
function put({ method, url, headers }, file, progress) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open(method, url);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.onprogress = ({ loaded, total }) => progress(loaded / total);
    request.onload = () => (request.status < 300 ? resolve() : reject(new Error(`The storage answered ${request.status}.`)));
    request.onerror = () => reject(new Error("The storage could not be reached."));
    request.send(file);
  });
}
