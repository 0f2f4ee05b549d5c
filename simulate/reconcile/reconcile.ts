// Every check there is, over everything that was seen. Pure: falsified observations must be found out.
import type { Difference, World } from "../world.ts";
import { reconcileAnswers } from "./answers.ts";
import { reconcileBook } from "./book.ts";
import { reconcileLog } from "./log.ts";
import { reconcileMetrics } from "./metrics.ts";
import { reconcileMoney } from "./money.ts";
import { reconcileOutcomes } from "./outcomes.ts";
import { reconcileProcessor } from "./processor.ts";
import { reconcileRefunds } from "./refunds.ts";
import { reconcileRefusals } from "./refusals.ts";
import { reconcileStream } from "./stream.ts";
import { reconcileStripe } from "./stripe.ts";
import { reconcileWebhooks } from "./webhooks.ts";

/** The differences between what was sent and what became of it. */
export function reconcile(world: World): Difference[] {
  const { unsettled } = world;
  return [
    ...(unsettled === "" ? [] : [{ area: "settling", text: `there was still: ${unsettled}` }]),
    ...reconcileAnswers(world),
    ...reconcileBook(world),
    ...reconcileOutcomes(world),
    ...reconcileRefusals(world),
    ...reconcileRefunds(world),
    ...reconcileProcessor(world),
    ...reconcileStripe(world),
    ...reconcileMoney(world),
    ...reconcileWebhooks(world),
    ...reconcileStream(world),
    ...reconcileMetrics(world),
    ...reconcileLog(world),
  ];
}
