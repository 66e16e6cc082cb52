// Where the links of letters lead: the token stands in the fragment, which reaches no server by itself.

import { h, toast } from "/web/dom.js";

const LINK = /^#(verify-email|reset-password|unsubscribe)=([\w-]{20,200})$/;

/** Do what the link in the address asks for, if it is one of a letter's, and take it out of the address. */
export async function followLetter(api) {
  const [, page, token] = LINK.exec(location.hash) ?? [];
  if (!page) return;
  history.replaceState(null, "", "/");
  if (page === "reset-password") {
    document.body.append(chooser(api, token));
    document.querySelector("dialog.letter").showModal();
    return;
  }
  const [path, body, thanks] =
    page === "unsubscribe"
      ? [`/v1/notifications/unsubscribe/${token}`, undefined, "You get no more of these letters."]
      : ["/v1/auth/email/verify", { token }, "Thank you, this address is yours."];
  await api.send("POST", path, body).then(
    () => toast(thanks),
    (problem) => toast(problem.message),
  );
}

function chooser(api, token) {
  const password = h("input", { id: "new-password", type: "password", autocomplete: "new-password", required: true, minlength: 10, maxlength: 128 });
  const wrong = h("p.wrong", { role: "alert" });
  const dialog = h(
    "dialog.letter",
    { "aria-label": "Choose a new password", onclose: () => dialog.remove() },
    h(
      "form",
      {
        onsubmit: async (submit) => {
          submit.preventDefault();
          try {
            await api.send("POST", "/v1/auth/password/reset", { token, password: password.value });
            dialog.close();
            toast("Your password is changed. Sign in with it.");
          } catch (problem) {
            wrong.textContent = problem.errors[0]?.message ?? problem.message;
          }
        },
      },
      h("label", { for: "new-password" }, "New password", password),
      wrong,
      h("button.primary", { type: "submit" }, "Change it"),
    ),
  );
  return dialog;
}
