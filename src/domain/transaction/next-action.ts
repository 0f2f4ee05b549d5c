/** What the customer has to do before a payment can go on. */

/** The longest time that a deployment may give a customer. */
export const MAX_ACTION_WINDOW_S = 604_800;

/** The customer is sent to `url`, and from there to `return_url`. The URL may hold a secret of the processor: it is in
 *  responses to the merchant alone, and in no event, webhook, list or log. */
export type NextAction = {
  type: "redirect_to_url";
  redirect_to_url: { url: string; return_url: string | null };
};
