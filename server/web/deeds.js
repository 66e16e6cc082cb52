// What one can do to a card. The button answers at once; the number waits for those who know it.

import { toast } from "/web/dom.js";

/** `told({kind, subject_id, on})` brings other cards of the same subject up to date. */
export function deeds(api, told) {
  async function toggle(card, did, counted, name) {
    const wanted = !card.viewer[did];
    const { v } = card.counts;
    card.viewer[did] = wanted;
    card.tell();
    try {
      const reply = await api.send(wanted ? "PUT" : "DELETE", `/v1/posts/${card.id}/${name}`);
      card.viewer[did] = reply[did];
      // The reply has no version: it counts only where the socket has not told anything newer.
      if (card.counts.v === v) card.counts = { ...card.counts, [counted]: reply[counted] };
    } catch (error) {
      card.viewer[did] = !wanted;
      toast(error.message);
    }
    card.tell();
  }

  async function follow(card) {
    const wanted = !card.viewer.following;
    const tell = (on) => told({ kind: "follow", subject_id: card.author.id, on });
    tell(wanted);
    try {
      const state = await api.send(wanted ? "PUT" : "DELETE", `/v1/profiles/${card.author.username}/follow`);
      tell(state.following);
    } catch (error) {
      tell(!wanted);
      toast(error.message);
    }
  }

  return {
    like: (card) => toggle(card, "liked", "likes", "like"),
    repost: (card) => toggle(card, "reposted", "reposts", "repost"),
    follow,
  };
}
