/** What the merchants' dispatchers say in `/metrics`, summed up by D1. Whose they are is not told: a label for
 *  each merchant would make as many series as there are merchants. */

import { counterSamples, histogramsOf } from "../../observability/counter-samples";
import type { Count } from "../../observability/durable-counters";
import type { Family, Sample } from "../../observability/prometheus";
import { DELAY_BOUNDS_MS, type WebhookCounter } from "../../webhooks/metrics";

const MS_PER_S = 1_000;

/** @param counts of all merchants together */
export function webhookMetrics(counts: Count[]): Family[] {
  const of = (counter: WebhookCounter): Sample[] => counterSamples(counts, counter);
  return [
    {
      name: "payments_webhook_attempts_total",
      type: "counter",
      help: "Attempts to deliver a webhook by how they ended.",
      samples: of("attempts"),
    },
    {
      name: "payments_webhook_delivery_delay_seconds",
      type: "histogram",
      help: "Time from an event to its delivery, or from when it was sent again.",
      samples: histogramsOf(counts, "delay_ms", DELAY_BOUNDS_MS, MS_PER_S),
    },
    {
      name: "payments_webhook_deliveries_total",
      type: "counter",
      help: "Deliveries that ended by what became of them.",
      samples: of("deliveries_entered").filter(({ labels }) => labels.status !== "pending"),
    },
    {
      name: "payments_webhook_backlog",
      type: "gauge",
      help: "Deliveries that are to be made, and those that were given up.",
      samples: stocks(of("deliveries_entered"), of("deliveries_left"), "status").filter(
        ({ labels }) => labels.status !== "succeeded",
      ),
    },
    {
      name: "payments_webhook_endpoints",
      type: "gauge",
      help: "Registered endpoints by whether they are switched on.",
      samples: stocks(of("endpoints_entered"), of("endpoints_left"), "state"),
    },
    {
      name: "payments_webhook_endpoints_disabled_total",
      type: "counter",
      help: "Endpoints that were switched off because they fail.",
      samples: of("endpoints_disabled"),
    },
  ];
}

/** What entered and has not left again. */
function stocks(entered: Sample[], left: Sample[], label: string): Sample[] {
  return entered.map(({ labels, value }) => {
    const gone = left.find((sample) => sample.labels[label] === labels[label])?.value ?? 0;
    return { labels, value: value - gone };
  });
}
