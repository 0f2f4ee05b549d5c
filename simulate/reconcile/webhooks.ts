// Checks that every event arrived at every receiver that subscribed to it, verified and as the API
// returns it, and that the delivery log agrees with the receivers' own. Pure.

import type {
  Delivery,
  Difference,
  MerchantView,
  ReceiverView,
  TransactionEvent,
  World,
} from "../world.ts";

const isGood = (status: number | null) => status !== null && status >= 200 && status <= 299;

/** The body of an event's webhook: the same bytes, because the API returns the same text. */
const bodyOf = ({ type, created_at, data }: TransactionEvent) =>
  JSON.stringify({ type, timestamp: created_at, data });

/** What is wrong in one receiver's log, given the events it had to hear of. */
function checkArrivals(
  { kind, log, unverified }: ReceiverView,
  events: TransactionEvent[],
): string[] {
  const expected = new Map(events.map((event) => [event.id, event]));
  const texts = unverified.map((text) => `it could not verify ${text}`);
  for (const [id, arrivals] of log) {
    const event = expected.get(id);
    if (!event) texts.push(`it got ${id}, which is not for it`);
    else if (arrivals.some(({ text }) => text !== bodyOf(event))) {
      texts.push(`it got ${id} with another body than the API tells`);
    }
  }
  if (kind === "hanging") return texts;
  for (const id of expected.keys()) {
    const arrivals = log.get(id) ?? [];
    if (!arrivals.some(({ status }) => isGood(status))) {
      texts.push(`${id} did not arrive, of ${arrivals.length} attempts`);
    }
  }
  return texts;
}

/** What a healthy receiver's delivery has to look like in the log. */
function checkDelivered(
  { status, attempts, event_id }: Delivery,
  arrivals: number,
  isSteady: boolean,
): string[] {
  const answered = attempts.filter(({ status_code }) => status_code !== null).length;
  const good = attempts.filter(({ error }) => error === null).length;
  return [
    ...(status === "succeeded" ? [] : [`${event_id} is ${status} in the delivery log`]),
    ...(good === 1 ? [] : [`${event_id} has ${good} attempts in the log that were delivered`]),
    ...(answered <= arrivals ? [] : [`${event_id} has more answers in the log than arrivals`]),
    // A consumer that is killed makes its attempt again under the same number.
    ...(isSteady && arrivals > attempts.length
      ? [`${event_id} arrived ${arrivals} times, of ${attempts.length} attempts in the log`]
      : []),
  ];
}

function checkHanging({ status, attempts, event_id }: Delivery): string[] {
  const good = attempts.filter(({ error }) => error === null).length;
  return [
    ...(status === "succeeded" ? [`${event_id} is succeeded though nobody answered`] : []),
    ...(good > 0 ? [`${event_id} has an attempt that was delivered though nobody answered`] : []),
  ];
}

function checkDeliveries(
  receiver: ReceiverView,
  events: TransactionEvent[],
  deliveries: Delivery[],
  isSteady: boolean,
): string[] {
  const byEvent = Map.groupBy(deliveries, ({ event_id }) => event_id);
  const expected = new Set(events.map(({ id }) => id));
  const texts: string[] = [];
  for (const id of expected) {
    const count = byEvent.get(id)?.length ?? 0;
    if (count !== 1) texts.push(`${id} has ${count} deliveries in the log`);
  }
  for (const delivery of deliveries) {
    const { event_id } = delivery;
    if (!expected.has(event_id)) texts.push(`the log has ${event_id}, which is not for it`);
    const arrivals = receiver.log.get(event_id)?.length ?? 0;
    const check = receiver.kind === "hanging" ? checkHanging : checkDelivered;
    texts.push(...check(delivery, arrivals, isSteady));
  }
  return texts;
}

const wants = ({ events }: ReceiverView, { type }: TransactionEvent) =>
  events.includes("*") || events.includes(type);

function checkMerchant(
  { feed, deliveries, endpoints, own, exact }: MerchantView,
  isSteady: boolean,
): string[] {
  const check = (receiver: ReceiverView, events: TransactionEvent[], delivered: Delivery[]) => [
    ...checkArrivals(receiver, events),
    ...checkDeliveries(receiver, events, delivered, isSteady),
  ];
  const known = new Set(endpoints.map(({ id }) => id));
  const strange = deliveries.filter(
    ({ endpoint_id }) => endpoint_id !== null && !known.has(endpoint_id),
  );
  const ownEvents = feed.filter(
    ({ transaction_id }) => exact.get(transaction_id)?.webhook_url === own.url,
  );
  const toOwn = deliveries.filter(({ endpoint_id }) => endpoint_id === null);
  return [
    ...endpoints.flatMap((endpoint) => {
      const events = feed.filter((event) => wants(endpoint, event));
      const delivered = deliveries.filter(({ endpoint_id }) => endpoint_id === endpoint.id);
      return check(endpoint, events, delivered).map((text) => `${endpoint.kind} endpoint: ${text}`);
    }),
    ...check(own, ownEvents, toOwn).map((text) => `webhook_url: ${text}`),
    ...strange.map(({ id }) => `delivery ${id} is to nobody's endpoint`),
  ];
}

/** The differences between events, deliveries and arrivals. */
export function reconcileWebhooks({ merchants, chaos }: World): Difference[] {
  return merchants.flatMap((merchant) =>
    checkMerchant(merchant, chaos.kills === 0).map((text) => ({
      area: "webhooks",
      text: `${merchant.id} ${text}`,
    })),
  );
}
