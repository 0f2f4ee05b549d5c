// What else than create + process is priced: a payment in one request, one that is held and captured, and a refund.
import { CASES, type CaseRequest, type Context, create, jsonHeaders, PATH } from "../cases.ts";

/** By what one of each is called in the tables. Each makes one payment, except for the refund of an earlier one. */
export const PRICED = {
  "a payment in one request": CASES.pay,
  "a held payment and its capture": holdAndCapture,
  "a refund": refund,
} satisfies Record<string, (context: Context) => CaseRequest>;

export type Priced = keyof typeof PRICED;
export const PRICED_NAMES = Object.keys(PRICED) as Priced[]; // A literal has no other keys.

/** Authorizes with the create, so that there are two requests. */
function holdAndCapture(context: Context): CaseRequest {
  const members = `,"capture_method":"manual","process":true`;
  return create(context, members, (id) => ({
    method: "POST",
    path: `${PATH}/${id}/capture`,
    headers: jsonHeaders(context),
    status: 200,
    afterwards: (text) => require(text, '"status":"completed"'),
  }));
}

/** Of all of a payment that was completed. */
function refund(context: Context): CaseRequest {
  const id = context.ids.pop();
  return {
    method: "POST",
    path: `${PATH}/${id}/refunds`,
    headers: [...jsonHeaders(context), "idempotency-key", "refund"],
    body: "{}",
    status: 201,
    afterwards: (text) => require(text, '"status":"succeeded"'),
  };
}

function require(text: string, part: string): undefined {
  if (!text.includes(part)) throw new Error(`without ${part}: ${text}`);
}
