/** Fan-out of events to deliveries. */
import { expect, it } from "vitest";
import type { EventRecord } from "../../../src/domain/transaction/event";
import { FanOut } from "../../../src/webhooks/fan-out";
import { Secrets } from "../../../src/webhooks/store/secrets";
import { NOW_MS } from "../../support/examples";
import {
  commit,
  deliveries,
  ENDPOINT,
  endpoints,
  erasure,
  restart,
  rows,
  storage,
} from "../../support/webhook-store";

const event = (sequence: number, webhook_url: string | null): EventRecord => ({
  position: sequence,
  first_position: 1,
  refund: null,
  merchant_id: "mer_1",
  transaction_id: "txn_a",
  sequence,
  type: "transaction.created",
  created_at_ms: NOW_MS,
  data: JSON.stringify({ id: "txn_a", webhook_url }),
  traceparent: null,
});
const accept = (given: EventRecord): number =>
  commit(() =>
    new FanOut(endpoints, new Secrets(storage.sql), deliveries, erasure).addEvent(given, NOW_MS),
  );

it("An event that is accepted again, in this life or the next, adds no second delivery", () => {
  const given = event(1, "https://own.example/hook");
  expect(accept(given)).toBe(2);
  expect(accept(given)).toBe(0);
  restart();
  expect(accept(given)).toBe(0);
  expect(accept(event(2, "https://own.example/other"))).toBe(2);
  expect(rows()).toMatchObject([
    { message_id: "evt_a_1", endpoint_id: ENDPOINT.id, url: ENDPOINT.url },
    { message_id: "evt_a_1", endpoint_id: "origin:https://own.example" },
    { message_id: "evt_a_2", endpoint_id: ENDPOINT.id },
    { message_id: "evt_a_2", url: "https://own.example/other" },
  ]);
});

it("An event that some endpoints have already is added for the others", () => {
  expect(accept(event(1, null))).toBe(1);
  commit(() => endpoints.add({ ...ENDPOINT, id: "whe_2" }));
  expect(accept(event(1, null))).toBe(1);
  expect(rows().map(({ endpoint_id }) => endpoint_id)).toEqual(["whe_1", "whe_2"]);
});

it("The webhook of a refund has the refund's own text, and also goes to the transaction's URL", () => {
  const given = event(4, "https://own.example/hook");
  const refund = '{"id":"re_1", "status":"succeeded"}';
  expect(accept({ ...given, type: "refund.succeeded", refund })).toBe(2);
  const body = `{"type":"refund.succeeded","timestamp":"2026-11-22T21:00:00.000Z","data":${refund}}`;
  expect(rows()).toMatchObject([
    { message_id: "evt_a_4", event_type: "refund.succeeded", endpoint_id: ENDPOINT.id, body },
    { message_id: "evt_a_4", endpoint_id: "origin:https://own.example", body },
  ]);
});

it("An event from a shard of the release before has no refund, and its webhook the transaction", () => {
  const { refund: _, ...before } = event(1, null);
  expect(accept(before as EventRecord)).toBe(1);
  expect(rows()).toMatchObject([{ body: expect.stringContaining(`"data":${before.data}`) }]);
});
