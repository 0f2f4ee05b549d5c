/** Sixty payments at a stand-in for Stripe that loses every tenth answer and refuses others for a moment, while the server is
 *  killed with -9 in the middle: each is charged once, each refund is made once, and nothing stays open. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type StripeStandIn, startStripe } from "../../simulate/stripe/server";
import { prepareServer, type SimulatedServer } from "../../simulate/system/server";
import { type Api, openApi } from "../../simulate/traffic/api";
import type { Refund } from "../../src/domain/transaction/refund";
import type { Transaction } from "../../src/domain/transaction/transaction";
import { until } from "../support/eventually";

const PAYMENTS = 60;
const SHARES = { lost: 0.1, rate_limited: 0.05, conflict: 0.05 };
const WEBHOOK_SECRET = "whsec_for_tests";
const TRANSACTIONS = "/api/v1/transactions";
const AMOUNT = 1_000;
const PART = 300;

type Kind = "charged" | "captured" | "refunded" | "refunded_partly" | "authenticated" | "declined";
const KINDS: Kind[] = [
  "charged",
  "captured",
  "refunded",
  "refunded_partly",
  "authenticated",
  "declined",
];
const METHODS: Partial<Record<Kind, string>> = {
  authenticated: "pm_card_authenticationRequired",
  declined: "pm_card_visa_chargeDeclinedInsufficientFunds",
};
/** What each must have become: status, and minor units taken and returned. */
const ENDS: Record<Kind, [status: string, captured: number, refunded: number]> = {
  charged: ["completed", AMOUNT, 0],
  captured: ["completed", PART, 0],
  refunded: ["completed", AMOUNT, AMOUNT],
  refunded_partly: ["completed", AMOUNT, PART],
  authenticated: ["completed", AMOUNT, 0],
  declined: ["failed", 0, 0],
};

type Shown = Transaction & { next_action?: { redirect_to_url: { url: string } } };

const state = mkdtempSync(join(tmpdir(), "stripe-"));
let standIn: StripeStandIn;
let server: SimulatedServer;
let api: Api;

beforeAll(async () => {
  standIn = await startStripe();
  standIn.account.search_delay_ms = 1_000;
  standIn.webhooks.manner = { seed: "1", twice: 0.1, late: 0.3, late_ms: 1_000, retry_ms: 500 };
  standIn.webhooks.target = {
    get url() {
      return `${server.address()}/api/v1/processors/stripe/events`;
    },
    secret: WEBHOOK_SECRET,
  };
  server = await prepareServer(state, {
    PROCESSOR: "stripe",
    STRIPE_API_URL: standIn.url,
    STRIPE_SECRET_KEY: standIn.secret_key,
    STRIPE_WEBHOOK_SECRET: WEBHOOK_SECRET,
    PROCESSOR_TIMEOUT_MS: "2000",
  });
  await server.start();
  const admin = openApi({ address: server.address, token: server.ADMIN_TOKEN });
  const { id } = await admin.must<{ id: string }>("POST", "/api/v1/merchants", { name: "Stripe" });
  const path = `/api/v1/merchants/${id}/api-keys`;
  const { key } = await admin.must<{ key: string }>("POST", path, {});
  api = openApi({ address: server.address, token: key });
});

afterAll(async () => {
  await server.stop();
  standIn.close();
  rmSync(state, { recursive: true, force: true });
});

/** Sends a request until it is answered, also by the server that comes after this one. */
async function send<Body>(
  method: string,
  path: string,
  body?: object,
  key?: string,
): Promise<Body> {
  const answer = await api.insist(method, path, {
    ...(body ? { body: JSON.stringify(body) } : {}),
    ...(key === undefined ? {} : { key }),
  });
  if (answer.status > 299) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
  return JSON.parse(answer.text) as Body;
}

const get = (id: string) => send<Shown>("GET", `${TRANSACTIONS}/${id}`);
const becomes = (id: string, ...statuses: string[]) =>
  until(async () => statuses.includes((await get(id)).status));

async function pay(kind: Kind, index: number): Promise<string> {
  const body = {
    ...{ user_id: `user_${index}`, amount: AMOUNT / 100, currency: "USD", process: true },
    ...{ payment_method: METHODS[kind] ?? "pm_card_visa", metadata: { kind } },
    ...(kind === "captured" ? { capture_method: "manual" } : {}),
    ...(kind === "authenticated" ? { return_url: "https://shop.example/return" } : {}),
  };
  const { id } = await send<Shown>("POST", TRANSACTIONS, body, `key-${index}`);
  const path = `${TRANSACTIONS}/${id}`;
  if (kind === "captured") {
    await becomes(id, "authorized");
    await send("POST", `${path}/capture`, { amount: PART / 100 });
  } else if (kind === "authenticated") {
    await becomes(id, "requires_action");
    const url = (await get(id)).next_action?.redirect_to_url.url ?? "";
    const page = url.replace("?", "/complete?");
    expect((await fetch(page, { method: "POST", redirect: "manual" })).status).toBe(303);
  } else if (kind.startsWith("refunded")) {
    await becomes(id, "completed");
    const amount = kind === "refunded" ? AMOUNT : PART;
    await send("POST", `${path}/refunds`, { amount: amount / 100 }, "refund");
  }
  return id;
}

it("Payments at Stripe are charged and refunded once each, although answers are lost and the server is killed", async () => {
  standIn.faults.shares = SHARES;
  const kindOf = (index: number) => KINDS[index % KINDS.length] ?? "charged";
  const work = Array.from({ length: PAYMENTS }, (_, index) => pay(kindOf(index), index));
  const all = Promise.all(work);
  all.catch(() => {}); // Awaited below.
  await until(() => standIn.requests.length >= PAYMENTS);
  await server.kill();
  await server.start();
  const ids = await all;

  await until(async () => {
    const open = ["processing", "requires_action", "authorized", "pending"].map((status) =>
      send<{ data: object[] }>("GET", `${TRANSACTIONS}?status=${status}`),
    );
    const refunds = send<{ data: object[] }>("GET", "/api/v1/refunds?status=pending");
    const pages = await Promise.all([...open, refunds]);
    return standIn.webhooks.pending === 0 && pages.every(({ data }) => data.length === 0);
  });

  const { account, requests } = standIn;
  const intents = account.all("payment_intent");
  expect(intents.map(({ metadata }) => metadata.transaction_id).sort()).toEqual([...ids].sort());
  for (const [index, id] of ids.entries()) {
    const { status, amount_captured_minor, amount_refunded_minor, ...transaction } = await get(id);
    const end = [status, amount_captured_minor, amount_refunded_minor];
    expect(end, kindOf(index)).toEqual(ENDS[kindOf(index)]);
    const intent = intents.find(({ metadata }) => metadata.transaction_id === id);
    expect(transaction.processor_reference, id).toBe(intent?.id);
    expect(intent?.amount_received, id).toBe(amount_captured_minor);
    const charges = account.all("charge").filter((charge) => charge.payment_intent === intent?.id);
    expect(
      charges.filter(({ paid }) => paid),
      id,
    ).toHaveLength(status === "completed" ? 1 : 0);
    const returned = account
      .all("refund")
      .filter((one) => one.payment_intent === intent?.id && one.balance_transaction !== null);
    const refunds = await send<{ data: Refund[] }>("GET", `${TRANSACTIONS}/${id}/refunds`);
    expect(
      returned.map((one) => [one.id, one.metadata?.refund_id, one.amount]),
      id,
    ).toEqual(refunds.data.map((one) => [one.processor_reference, one.id, one.amount_minor]));
  }
  // None of it was luck: each fault was made.
  for (const fault of Object.keys(SHARES)) {
    expect(
      requests.some((one) => one.fault === fault),
      fault,
    ).toBe(true);
  }
});
