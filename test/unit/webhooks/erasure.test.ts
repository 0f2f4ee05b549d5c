/** Deliveries of transactions whose customer's data is erased, in a dispatcher's store in memory. */
import { expect, it } from "vitest";
import { decideErasure, eraseTexts } from "../../../src/domain/erasure/erase-texts";
import type { Event, EventRecord } from "../../../src/domain/transaction/event";
import { ERASED_URL } from "../../../src/webhooks/erasure";
import { FanOut } from "../../../src/webhooks/fan-out";
import type { DeliveryWithBody } from "../../../src/webhooks/store/delivery";
import { Secrets } from "../../../src/webhooks/store/secrets";
import { CUSTOMER, REFUND_TEXTS, TEXTS } from "../../support/erasure/customer";
import { tablesWith } from "../../support/erasure/scan";
import { NOW_MS } from "../../support/examples";
import { life, refunded, toRecord } from "../../support/lives";
import {
  commit,
  counters,
  deliveries,
  due,
  ENDPOINT,
  endpoints,
  erasure,
  restart,
  rows,
  send,
  storage,
  sweep,
} from "../../support/webhook-store";

const MERCHANT = "mer_1";
const DAY_MS = 86_400_000;
const namesCustomer = (event: Event): Event => ({
  ...event,
  data: { ...event.data, ...CUSTOMER },
  ...(event.refund && { refund: { ...event.refund, ...REFUND_TEXTS } }),
});
const eventsOf = (key: string) =>
  refunded(life(key, "completed"), [[1_000, "succeeded"]]).map(namesCustomer);
const recordsOf = (events: Event[]) => events.map((event) => toRecord(event, MERCHANT));
const accept = (records: EventRecord[]): void => {
  const fanOut = new FanOut(endpoints, new Secrets(storage.sql), deliveries, erasure);
  commit(() => {
    for (const record of records) fanOut.addEvent(record, NOW_MS);
  });
};
const last = eventsOf("k").at(-1) as Event; // A life has events.
const erased = decideErasure(last.data, Date.parse(last.created_at)).events;
const ERASED = { id: last.transaction_id, erased_at_ms: Date.parse(last.created_at) };
const erase = () => commit(() => erasure.erase([ERASED], NOW_MS + 1));
const found = () => tablesWith(storage.sql, TEXTS);
const bodies = () => rows().map(({ body }) => body);
const stored = () => rows() as unknown as DeliveryWithBody[]; // The columns of the table.

it("The bodies of all deliveries are those of the erased events, and own URLs are gone", () => {
  accept(recordsOf(eventsOf("k")));
  expect(found()).not.toEqual([]);
  const own = stored().filter(({ endpoint_id }) => endpoint_id !== ENDPOINT.id);
  expect(own).toHaveLength(eventsOf("k").length);
  expect(erase()).toBe(2 * own.length);
  expect(found()).toEqual([]);
  const after = stored();
  expect(after.filter(({ url }) => url === ERASED_URL)).toHaveLength(own.length);
  expect(after.filter(({ url }) => url === ERASED_URL)).toEqual(
    after.filter(({ status }) => status === "dead"),
  );
  const expected = recordsOf(eventsOf("k")).map((event) => ({ ...event, ...eraseTexts(event) }));
  const toEndpoint = after.filter(({ endpoint_id }) => endpoint_id === ENDPOINT.id);
  expect(toEndpoint.map(({ status }) => status)).toEqual(expected.map(() => "pending"));
  expect(toEndpoint.map(({ body }) => JSON.parse(body).data)).toEqual(
    expected.map(({ data, refund }) => JSON.parse(refund ?? data)),
  );
  expect(endpoints.list().map(({ id }) => id)).toEqual([ENDPOINT.id]);
  expect(storage.sql.exec("SELECT id FROM endpoints").toArray()).toHaveLength(1);
  expect(counters.all()).toContainEqual({
    name: "deliveries_entered",
    labels: "status=dead",
    value: own.length,
  });
});

it("Erasing again changes nothing, also after a restart, and deliveries of others are the same", () => {
  accept(recordsOf(refunded(life("other", "completed"), [[1_000, "succeeded"]])));
  const others = rows();
  accept(recordsOf(eventsOf("k")));
  erase();
  const before = rows();
  expect(before.slice(0, others.length)).toEqual(others);
  restart();
  expect(erase()).toBe(0);
  expect(rows()).toEqual(before);
});

it("An attempt that was taken before the erasure reports to a delivery that has ended", () => {
  accept(recordsOf(eventsOf("k")).slice(0, 1));
  const [, own] = stored();
  if (!own) throw new Error("no delivery to the own URL");
  due.send({ id: own.endpoint_id, capacity: 1 }, NOW_MS);
  expect(deliveries.take(own.id, 1, NOW_MS)?.body).toContain(CUSTOMER.user_id);
  erase();
  const result = {
    status_code: 500,
    error: "http_status",
    duration_ms: 1,
    retry_after_ms: 0,
  } as const;
  expect(commit(() => deliveries.finishAttempt(own.id, 1, NOW_MS, result, NOW_MS))).toBeUndefined();
  expect(found()).toEqual([]);
  // The delivery to the registered endpoint goes on, with the erased body.
  const [taken] = send(1, NOW_MS + 2);
  expect(deliveries.take(taken ?? "", 1, NOW_MS + 2)?.body).toContain('"user_id":"erased"');
});

it("An event that was sent before the erasure and arrives after it is stored without the texts", () => {
  const records = recordsOf(eventsOf("k"));
  accept(records.slice(0, 1));
  erase();
  restart();
  accept(records);
  expect(found()).toEqual([]);
  expect(stored().filter(({ status }) => status === "pending")).toHaveLength(records.length);
  accept(recordsOf(erased));
  expect(JSON.parse(String(bodies().at(-1)))).toMatchObject({
    type: "transaction.erased",
    data: { user_id: "erased" },
  });
});

it("An event of after the erasure keeps its texts", () => {
  accept(recordsOf(eventsOf("k")).slice(0, 1));
  erase();
  const refund = { ...(last.refund as object), reason: "of later" };
  const later = { ...recordsOf(erased)[0], type: "refund.created", refund: JSON.stringify(refund) };
  accept([{ ...later, created_at_ms: ERASED.erased_at_ms + 1 } as EventRecord]);
  expect(String(bodies().at(-1))).toContain("of later");
  erase();
  expect(String(bodies().at(-1))).toContain("of later");
});

it("Transactions that were erased are remembered for a day", () => {
  erase();
  const remembered = () => storage.sql.exec("SELECT * FROM erased_transactions").toArray();
  sweep(NOW_MS + DAY_MS);
  expect(remembered()).toHaveLength(1);
  sweep(NOW_MS + DAY_MS + 1);
  expect(remembered()).toEqual([]);
  expect(erasure.nextAtMs).toBeUndefined();
});

it("While deliveries of an earlier release are to be moved nothing is erased", () => {
  accept(recordsOf(eventsOf("k")).slice(0, 1));
  storage.sql.exec("CREATE TABLE earlier_deliveries (position INTEGER PRIMARY KEY)");
  expect(erase()).toBeNull();
  storage.sql.exec("DROP TABLE earlier_deliveries");
  expect(erase()).toBe(2);
});
