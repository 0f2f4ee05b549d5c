/** Metrics of the transaction shards. Each shard has its own series, so that only those of a shard that does not respond
 *  are missing; a sum over the shards that respond would rise and fall. */
import { buildHistograms, counterSamples } from "../../observability/counter-samples";
import type { Family, Sample } from "../../observability/prometheus";
import {
  BATCH_BOUNDS,
  type Counter,
  DELIVERY_BOUNDS,
  DURATION_BOUNDS_MS,
  type Histogram,
} from "../../transactions/counters";
import type { ShardMetrics } from "../../transactions/rpc";

/** The number of a shard and its metrics. */
export type ShardResponse = { shard: number; metrics: ShardMetrics };

const MS_PER_S = 1_000;

/** The counters of a shard. */
const COUNTERS: Record<Counter, { name: string; help: string }> = {
  commands: {
    name: "payments_commands_total",
    help: "Commands (creates, processes, cancels, gets, reviews, expiries) by result.",
  },
  charges: {
    name: "payments_charges_total",
    help: "Responses of the payment processor by outcome. A charge with an unknown outcome is retried.",
  },
  anomalies: {
    name: "payments_charge_anomalies_total",
    help: "Responses of the payment processor that were repaired, were about another payment, or contradicted the recorded outcome.",
  },
  reports: {
    name: "payments_reports_total",
    help: "Reports of the payment processor, by what they are about and what they have done.",
  },
  deliveries: {
    name: "payments_outbox_deliveries_total",
    help: "Batches of events sent to D1, the webhooks, velocity and the stream.",
  },
  delivered_events: {
    name: "payments_outbox_delivered_events_total",
    help: "Events in delivered batches.",
  },
  stream_requests: {
    name: "payments_stream_requests_total",
    help: "Requests to the event stream by result.",
  },
  parked_events: {
    name: "payments_stream_parked_total",
    help: "Events that were parked because the event stream rejects them.",
  },
  processor_events: {
    name: "payments_processor_events_total",
    help: "Events that the payment processor sent, by result.",
  },
  archived_payments: {
    name: "payments_archived_total",
    help: "Payments that were moved to the archive; one that is put back is moved again.",
  },
};

const HISTOGRAMS: Record<
  Histogram,
  { name: string; help: string; bounds: number[]; unit: number }
> = {
  answer_ms: {
    name: "payments_command_duration_seconds",
    help: "Time in the shard from the arrival of a command to its response.",
    bounds: DURATION_BOUNDS_MS,
    unit: MS_PER_S,
  },
  round_commands: {
    name: "payments_round_commands",
    help: "Commands that were decided and committed in one batch.",
    bounds: BATCH_BOUNDS,
    unit: 1,
  },
  delivery_events: {
    name: "payments_outbox_delivery_events",
    help: "Events in a delivered batch; for D1 a batch is one statement.",
    bounds: DELIVERY_BOUNDS,
    unit: 1,
  },
};

/** The gauges of a shard. */
const GAUGES: { name: string; help: string; of: (metrics: ShardMetrics) => Sample[] }[] = [
  {
    name: "payments_outbox_depth",
    help: "Events that are not delivered yet.",
    of: ({ backlogs }) => sampleDestinations(backlogs, ({ depth }) => depth),
  },
  {
    name: "payments_outbox_oldest_age_seconds",
    help: "Age of the oldest event that is not delivered yet.",
    of: ({ backlogs }) =>
      sampleDestinations(backlogs, ({ oldest_age_ms }) => oldest_age_ms / MS_PER_S),
  },
  {
    name: "payments_stream_parked",
    help: "Events that are parked because the event stream rejects them.",
    of: ({ backlogs }) => [{ labels: {}, value: backlogs.parked }],
  },
  {
    name: "payments_open_charges",
    help: "Transactions whose charge has no outcome yet.",
    of: ({ charges }) => [{ labels: {}, value: charges.open }],
  },
  {
    name: "payments_open_charges_overdue",
    help: "Transactions whose charge has had no outcome for more than a minute.",
    of: ({ charges }) => [{ labels: {}, value: charges.overdue }],
  },
  {
    name: "payments_open_charge_oldest_age_seconds",
    help: "Age of the oldest charge that has no outcome yet.",
    of: ({ charges }) => [{ labels: {}, value: charges.oldest_age_ms / MS_PER_S }],
  },
  {
    name: "payments_shard_bytes",
    help: "Size of the shard's database.",
    of: ({ bytes }) => (bytes === undefined ? [] : [{ labels: {}, value: bytes }]),
  },
];

export function shardMetrics(responses: ShardResponse[]): Family[] {
  return [
    ...Object.entries(COUNTERS).map(([counter, { name, help }]): Family => {
      const toSamples = ({ counts }: ShardMetrics): Sample[] => counterSamples(counts, counter);
      return { name, type: "counter", help, samples: labelByShard(responses, toSamples) };
    }),
    ...Object.entries(HISTOGRAMS).map(([histogram, { name, help, bounds, unit }]): Family => {
      const toSamples = ({ counts }: ShardMetrics): Sample[] =>
        buildHistograms(counts, histogram, bounds, unit);
      return { name, type: "histogram", help, samples: labelByShard(responses, toSamples) };
    }),
    ...GAUGES.map(
      ({ name, help, of }): Family => ({
        name,
        type: "gauge",
        help,
        samples: labelByShard(responses, of),
      }),
    ),
  ];
}

function labelByShard(
  responses: ShardResponse[],
  toSamples: (metrics: ShardMetrics) => Sample[],
): Sample[] {
  return responses.flatMap(({ shard, metrics }) =>
    toSamples(metrics).map((sample) => ({ ...sample, labels: { shard, ...sample.labels } })),
  );
}

function sampleDestinations(
  { of }: ShardMetrics["backlogs"],
  toValue: (backlog: { depth: number; oldest_age_ms: number }) => number,
): Sample[] {
  return Object.entries(of).map(([destination, backlog]) => ({
    labels: { destination },
    value: toValue(backlog),
  }));
}
