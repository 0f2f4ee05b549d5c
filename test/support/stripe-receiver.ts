/** A receiver of Stripe's events that verifies each with Stripe's own client. */
import { text } from "node:stream/consumers";
import Stripe from "stripe";
import { type Fake, serve } from "./http-server";

export type SignedReceiver = Fake & {
  /** Those that were accepted. */
  events: Stripe.Event[];
  /** How many were answered with 500. */
  refused: number;
};

/** @param failures how many of the first deliveries are answered with 500 */
export async function startSignedReceiver(
  secret: string,
  failures: number,
): Promise<SignedReceiver> {
  const events: Stripe.Event[] = [];
  const client = new Stripe("sk_test_receiver");
  let refused = 0;
  const fake = await serve(async (request, response) => {
    const signature = String(request.headers["stripe-signature"]);
    const event = client.webhooks.constructEvent(await text(request), signature, secret);
    const isRefused = refused < failures;
    if (isRefused) refused++;
    else events.push(event);
    response.writeHead(isRefused ? 500 : 200).end();
  });
  return {
    ...fake,
    events,
    get refused() {
      return refused;
    },
  };
}
