// Control calls, which Stripe does not have: what the outside world and Stripe's dashboard do, and what goes wrong. JSON.
import type { Account } from "../account/account.ts";
import { closeDispute, type DisputeEnd, openDispute } from "../account/disputes.ts";
import { authenticate, finishProcessing } from "../account/payment-intents.ts";
import { failRefund, finishRefund } from "../account/refunds.ts";
import type { Webhooks, WebhookTarget } from "../webhooks.ts";
import { invalid } from "./errors.ts";
import { FAULTS, type Fault, type FaultShares, type Faults } from "./faults.ts";
import type { IdempotencyKeys } from "./idempotency.ts";

/** A request that has arrived; `status` is 0 for one without a response. */
export type Seen = {
  method: string;
  path: string;
  key: string | null;
  status: number;
  fault: Fault | null;
};

export type Controlled = {
  account: Account;
  faults: Faults;
  keys: IdempotencyKeys;
  webhooks: Webhooks;
  requests: Seen[];
};

type Body = Record<string, unknown>;
type Control = (controlled: Controlled, body: Body, id: string) => object | undefined;

const textIn = (body: Body, name: string) => String(body[name] ?? "");

const CONTROLS: Record<string, Control> = {
  "GET /requests": ({ requests }) => ({ requests }),
  "GET /webhooks": ({ webhooks }) => ({
    pending: webhooks.pending,
    attempts: Object.fromEntries(webhooks.attempts),
  }),
  // { url, secret }: where events are sent.
  "POST /webhooks": ({ webhooks }, body) => {
    const target: WebhookTarget = { url: textIn(body, "url"), secret: textIn(body, "secret") };
    webhooks.target = target.url === "" ? null : target;
    return {};
  },
  // { match, fault, times }: of the next requests whose method, path and body contain `match`.
  "POST /faults": ({ faults }, body) => {
    const fault = FAULTS.find((name) => name === body.fault);
    if (!fault) throw invalid("There is no such fault", { param: "fault" });
    faults.script({ match: textIn(body, "match"), fault, times: Number(body.times ?? 1) });
    return {};
  },
  // { lost: 0.1, … }: of all requests from now on.
  "POST /shares": ({ faults }, body) => {
    faults.shares = body as FaultShares;
    return {};
  },
  "POST /clear": ({ faults }) => {
    faults.clear();
    return {};
  },
  // { search_delay_ms, later_ms }
  "POST /settings": ({ account }, { search_delay_ms, later_ms }) => {
    if (search_delay_ms !== undefined) account.search_delay_ms = Number(search_delay_ms);
    if (later_ms !== undefined) account.later_ms = later_ms === null ? null : Number(later_ms);
    return {};
  },
  // { ms }: the clock moves on.
  "POST /advance": ({ account }, { ms }) => {
    account.advance(Number(ms));
    return {};
  },
  "POST /forget-keys": ({ keys }) => {
    keys.forget();
    return {};
  },
  // { payment_intent, reason, amount }
  "POST /disputes": ({ account }, body) =>
    openDispute(account, textIn(body, "payment_intent"), {
      reason: body.reason === undefined ? undefined : textIn(body, "reason"),
      amount: body.amount === undefined ? undefined : Number(body.amount),
    }),
  // { status: "won" | "lost" | "warning_closed" }
  "POST /disputes/:id/close": ({ account }, body, id) =>
    closeDispute(account, id, textIn(body, "status") as DisputeEnd),
  "POST /refunds/:id/succeed": ({ account }, _, id) => {
    finishRefund(account, id);
    return account.get("refund", id);
  },
  "POST /refunds/:id/fail": ({ account }, _, id) => {
    failRefund(account, id);
    return account.get("refund", id);
  },
  "POST /payment_intents/:id/complete": ({ account }, _, id) => authenticate(account, id, true),
  "POST /payment_intents/:id/fail": ({ account }, _, id) => authenticate(account, id, false),
  "POST /payment_intents/:id/succeed": ({ account }, _, id) => {
    finishProcessing(account, id, true);
    return account.get("payment_intent", id);
  },
  "POST /events/:id/resend": ({ account, webhooks }, _, id) => {
    webhooks.send(account.get("event", id));
    return {};
  },
  // Members to overwrite: the object is no longer what the API has made of it.
  "POST /objects/:id/edit": ({ account }, body, id) => {
    const found = account.find(id);
    return found && Object.assign(found, body);
  },
  "POST /objects/:id/remove": ({ account }, _, id) => {
    account.remove(id);
    return {};
  },
};

/** Carries out a control call; undefined when there is none at this path. */
export function control(
  controlled: Controlled,
  method: string,
  path: string,
  text: string,
): object | undefined {
  const [, first, id, last] = path.split("/");
  const name = id === undefined ? `${method} /${first}` : `${method} /${first}/:id/${last}`;
  controlled.account.cause = { id: null, idempotency_key: null };
  const body = text === "" ? {} : (JSON.parse(text) as Body);
  return CONTROLS[name]?.(controlled, body, id ?? "");
}
