/** Metrics of the merchants' dispatchers, summed up in D1. There is no label for the merchant, because it would create a
 *  series for each merchant. */

import { buildHistograms, counterSamples } from "../../observability/counter-samples";
import type { Count } from "../../observability/durable-counters";
import type { Family, Sample } from "../../observability/prometheus";
import { DELAY_BOUNDS_MS, type WebhookCounter } from "../../webhooks/counters";

const MS_PER_S = 1_000;

/** @param counts sums over all merchants */
export function webhookMetrics(counts: Count[]): Family[] {
  const of = (counter: WebhookCounter): Sample[] => counterSamples(counts, counter);
  return [
    {
      name: "payments_webhook_attempts_total",
      type: "counter",
      help: "Attempts to deliver a webhook by result.",
      samples: of("attempts"),
    },
    {
      name: "payments_webhook_delivery_delay_seconds",
      type: "histogram",
      help: "Time from an event, or from its redelivery request, to its delivery.",
      samples: buildHistograms(counts, "delay_ms", DELAY_BOUNDS_MS, MS_PER_S),
    },
    {
      name: "payments_webhook_deliveries_total",
      type: "counter",
      help: "Finished deliveries by final status.",
      samples: of("deliveries_entered").filter(({ labels }) => labels.status !== "pending"),
    },
    {
      name: "payments_webhook_backlog",
      type: "gauge",
      help: "Pending deliveries, and deliveries marked dead.",
      samples: subtract(of("deliveries_entered"), of("deliveries_left"), "status").filter(
        ({ labels }) => labels.status !== "succeeded",
      ),
    },
    {
      name: "payments_webhook_endpoints",
      type: "gauge",
      help: "Registered endpoints by state.",
      samples: subtract(of("endpoints_entered"), of("endpoints_left"), "state"),
    },
    {
      name: "payments_webhook_endpoints_disabled_total",
      type: "counter",
      help: "Endpoints that were disabled because they fail.",
      samples: of("endpoints_disabled"),
    },
  ];
}

/** The number that entered minus the number that left. */
function subtract(entered: Sample[], left: Sample[], label: string): Sample[] {
  return entered.map(({ labels, value }) => {
    const leftValue = left.find((sample) => sample.labels[label] === labels[label])?.value ?? 0;
    return { labels, value: value - leftValue };
  });
}
