/** What the transaction shards say in `/metrics`. Each shard has series of its own, so that one that does
 *  not answer takes only its own away; a sum over those that happen to answer would go up and down. */
import { counterSamples, histogramsOf } from "../../observability/counter-samples";
import type { Family, Sample } from "../../observability/prometheus";
import {
  BATCH_BOUNDS,
  type Counter,
  DELIVERY_BOUNDS,
  DURATION_BOUNDS_MS,
  type Histogram,
} from "../../transactions/counters";
import type { ShardMetrics } from "../../transactions/rpc";

/** A shard's number and what it says. */
export type Told = { shard: number; metrics: ShardMetrics };

const MS_PER_S = 1_000;

/** One row for everything that a shard counts. */
const COUNTERS: Record<Counter, { name: string; help: string }> = {
  commands: {
    name: "payments_commands_total",
    help: "Commands (creates, processes, cancels, gets, reviews, expiries) by what came of them.",
  },
  charges: {
    name: "payments_charges_total",
    help: "Answers of the payment processor. An unknown one is asked for again.",
  },
  anomalies: {
    name: "payments_charge_anomalies_total",
    help: "Answers of the payment processor that were mended, about another payment, or against the outcome on record.",
  },
  deliveries: {
    name: "payments_outbox_deliveries_total",
    help: "Batches of events handed to the book, the webhooks, velocity and the stream.",
  },
  delivered_events: {
    name: "payments_outbox_delivered_events_total",
    help: "Events in batches that arrived.",
  },
  stream_requests: {
    name: "payments_stream_requests_total",
    help: "Requests to the event stream by what came of them.",
  },
  parked_events: {
    name: "payments_stream_parked_total",
    help: "Events that were parked because the event stream refuses them.",
  },
};

const HISTOGRAMS: Record<
  Histogram,
  { name: string; help: string; bounds: number[]; unit: number }
> = {
  answer_ms: {
    name: "payments_command_duration_seconds",
    help: "Time in the shard from a command's arrival to its answer.",
    bounds: DURATION_BOUNDS_MS,
    unit: MS_PER_S,
  },
  round_commands: {
    name: "payments_round_commands",
    help: "Commands that were decided and committed together.",
    bounds: BATCH_BOUNDS,
    unit: 1,
  },
  delivery_events: {
    name: "payments_outbox_delivery_events",
    help: "Events in a batch that arrived; the book's is one statement of D1.",
    bounds: DELIVERY_BOUNDS,
    unit: 1,
  },
};

/** How things stand in a shard. */
const GAUGES: { name: string; help: string; of: (metrics: ShardMetrics) => Sample[] }[] = [
  {
    name: "payments_outbox_depth",
    help: "Events that have not arrived yet.",
    of: ({ backlogs }) => perDestination(backlogs, ({ depth }) => depth),
  },
  {
    name: "payments_outbox_oldest_age_seconds",
    help: "Age of the first event that has not arrived yet.",
    of: ({ backlogs }) => perDestination(backlogs, ({ oldest_age_ms }) => oldest_age_ms / MS_PER_S),
  },
  {
    name: "payments_stream_parked",
    help: "Events that wait because the event stream refuses them.",
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
];

export function shardMetrics(told: Told[]): Family[] {
  return [
    ...Object.entries(COUNTERS).map(([counter, { name, help }]): Family => {
      const samplesOf = ({ counts }: ShardMetrics): Sample[] => counterSamples(counts, counter);
      return { name, type: "counter", help, samples: ofEach(told, samplesOf) };
    }),
    ...Object.entries(HISTOGRAMS).map(([histogram, { name, help, bounds, unit }]): Family => {
      const samplesOf = ({ counts }: ShardMetrics): Sample[] =>
        histogramsOf(counts, histogram, bounds, unit);
      return { name, type: "histogram", help, samples: ofEach(told, samplesOf) };
    }),
    ...GAUGES.map(
      ({ name, help, of }): Family => ({ name, type: "gauge", help, samples: ofEach(told, of) }),
    ),
  ];
}

function ofEach(told: Told[], samplesOf: (metrics: ShardMetrics) => Sample[]): Sample[] {
  return told.flatMap(({ shard, metrics }) =>
    samplesOf(metrics).map((sample) => ({ ...sample, labels: { shard, ...sample.labels } })),
  );
}

function perDestination(
  { of }: ShardMetrics["backlogs"],
  figureOf: (backlog: { depth: number; oldest_age_ms: number }) => number,
): Sample[] {
  return Object.entries(of).map(([destination, backlog]) => ({
    labels: { destination },
    value: figureOf(backlog),
  }));
}
