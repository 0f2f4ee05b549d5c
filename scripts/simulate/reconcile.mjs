// Every check there is, over everything that was seen. Pure: falsified observations must be found out.
import { reconcileAnswers } from "./reconcile/answers.mjs";
import { reconcileBook } from "./reconcile/book.mjs";
import { reconcileLog } from "./reconcile/log.mjs";
import { reconcileMetrics } from "./reconcile/metrics.mjs";
import { reconcileOutcomes } from "./reconcile/outcomes.mjs";
import { reconcileStream } from "./reconcile/stream.mjs";
import { reconcileWebhooks } from "./reconcile/webhooks.mjs";

/**
 * The differences, `{ area, text }`, between what was sent and what became of it. `world` is the `plan`; the
 * clients' `records` and how their `attempts` ended; the `merchants` with all that the API and their
 * receivers say; `kafka`, `metrics`; the server's `errors`; what `chaos` was made; and what had not
 * settled, `unsettled`.
 */
export function reconcile(world) {
  const { unsettled } = world;
  return [
    ...(unsettled === "" ? [] : [{ area: "settling", text: `there was still: ${unsettled}` }]),
    ...reconcileAnswers(world),
    ...reconcileBook(world),
    ...reconcileOutcomes(world),
    ...reconcileWebhooks(world),
    ...reconcileStream(world),
    ...reconcileMetrics(world),
    ...reconcileLog(world),
  ];
}
