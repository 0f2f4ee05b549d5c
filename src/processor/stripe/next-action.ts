/** What the customer has to do, as Stripe says it. */
import type { NextAction } from "../../domain/transaction/next-action";
import type { PaymentIntent } from "./objects";

const MAX_URL_CHARACTERS = 2_048;

/** The redirect of a PaymentIntent; undefined when it has none, or one that cannot be followed. Other actions need a page of
 *  the merchant's own with Stripe's script. */
export function readNextAction({ next_action }: PaymentIntent): NextAction | undefined {
  if (next_action?.type !== "redirect_to_url") return undefined;
  const { url, return_url } = next_action.redirect_to_url ?? {};
  if (!isLink(url)) return undefined;
  const back = isLink(return_url) ? return_url : null;
  return { type: "redirect_to_url", redirect_to_url: { url, return_url: back } };
}

function isLink(text: string | null | undefined): text is string {
  if (typeof text !== "string" || text.length > MAX_URL_CHARACTERS) return false;
  const url = /^https?:\/\/[!-~]+$/.test(text) ? URL.parse(text) : null;
  return url?.username === "" && url.password === "";
}
