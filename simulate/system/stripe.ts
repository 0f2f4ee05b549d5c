// Stripe as the processor of a simulation: the stand-in with its faults, and what it has in the end.
import { setTimeout as sleep } from "node:timers/promises";
import { type Random, randomOf } from "../plan/random.ts";
import { closeDispute, type DisputeEnd } from "../stripe/account/disputes.ts";
import { createRefund } from "../stripe/account/refunds.ts";
import type { FaultShares } from "../stripe/http/faults.ts";
import { readForm } from "../stripe/http/form.ts";
import { type StripeStandIn, startStripe } from "../stripe/server.ts";
import type { StripeView } from "../world.ts";

const WEBHOOK_SECRET = "whsec_simulation";
const EVENTS_PATH = "/api/v1/processors/stripe/events";

/** Of 1 request: a fifth goes wrong in some way. */
const SHARES: FaultShares = {
  lost: 0.06,
  cut: 0.02,
  rate_limited: 0.03,
  lock_timeout: 0.02,
  conflict: 0.02,
  slow: 0.03,
  unavailable: 0.02,
  // Not `failed`: under the key of such a request Stripe repeats the error for a day.
  failed_done: 0.02,
};
/** Events come twice, late and out of order. */
const MANNER = { twice: 0.1, late: 0.3, late_ms: 4_000, retry_ms: 500 };
/** How long a search does not find a new payment. */
const SEARCH_DELAY_MS = 2_000;
/** How many of 1 open disputes are decided, and how many of 1 payments are refunded at the dashboard. */
const DECIDED_SHARE = 0.6;
const DASHBOARD_SHARE = 0.05;
const DISPUTE_ENDS: DisputeEnd[] = ["won", "lost", "warning_closed"];

export type SimulatedStripe = {
  /** The server's settings. */
  settings: Record<string, string>;
  /** What still has to happen: changes that come later, and events that have not been accepted. */
  upcoming(): number;
  /** What people do at Stripe's dashboard, and issuers: refunds without us, disputes that end. */
  visitDashboard(): Promise<void>;
  view(): StripeView;
  close(): void;
};

/** @param address of the server, which receives the events: another one after each restart */
export async function startSimulatedStripe(
  seed: string,
  address: () => string,
): Promise<SimulatedStripe> {
  const standIn = await startStripe({ seed });
  const { account, faults, webhooks } = standIn;
  faults.shares = SHARES;
  account.search_delay_ms = SEARCH_DELAY_MS;
  webhooks.manner = { seed, ...MANNER };
  webhooks.target = {
    get url() {
      return `${address()}${EVENTS_PATH}`;
    },
    secret: WEBHOOK_SECRET,
  };
  return {
    settings: {
      PROCESSOR: "stripe",
      STRIPE_API_URL: standIn.url,
      STRIPE_SECRET_KEY: standIn.secret_key,
      STRIPE_WEBHOOK_SECRET: WEBHOOK_SECRET,
    },
    upcoming: () => account.upcoming() + webhooks.pending,
    async visitDashboard() {
      // What was done a moment ago has its consequences first.
      await sleep(2 * (account.later_ms ?? 0));
      visitDashboard(standIn, randomOf(seed, "dashboard"));
    },
    view: () => ({
      intents: account.all("payment_intent"),
      charges: account.all("charge"),
      refunds: account.all("refund"),
      disputes: account.all("dispute"),
      balance: account.all("balance_transaction"),
    }),
    close: standIn.close,
  };
}

/** Only payments without refunds of ours are refunded, so that both do not race for the rest. */
function visitDashboard({ account }: StripeStandIn, random: Random): void {
  account.cause = { id: null, idempotency_key: null };
  for (const { id } of account.all("dispute")) {
    if (random.chance(DECIDED_SHARE)) closeDispute(account, id, random.pick(DISPUTE_ENDS));
  }
  const refunded = new Set(account.all("refund").map(({ payment_intent }) => payment_intent));
  for (const { id, status, latest_charge, amount_received } of account.all("payment_intent")) {
    if (status !== "succeeded" || refunded.has(id) || !random.chance(DASHBOARD_SHARE)) continue;
    if (account.get("charge", String(latest_charge)).disputed) continue;
    const amount = random.whole(1, amount_received);
    createRefund(account, readForm(`payment_intent=${id}&amount=${amount}`));
  }
}
