/** Events as CloudEvents. */
import { CloudEvent, HTTP, Kafka } from "cloudevents";
import { describe, expect, it } from "vitest";
import { CLOUD_EVENT_MEDIA_TYPE, toCloudEvent } from "../../../src/kafka/cloud-event";
import { EXAMPLE_NAMES, EXAMPLES, lastEvent, TRACEPARENT } from "../../support/examples";
import { recordOf } from "../../support/kafka-rest";

describe("an event as a CloudEvent", () => {
  const { pending, completed } = EXAMPLES;

  it("An event becomes exactly these bytes as a CloudEvent", () => {
    const record = recordOf(completed, '{"amount":100.50}');
    const textWith = (trace: string) =>
      `{"specversion":"1.0","id":"evt_${completed.id.slice(4)}_3","source":"/payments",` +
      `"type":"payments.transaction.completed.v1","subject":"${completed.id}",` +
      `"time":"2026-11-22T21:00:00.000Z","datacontenttype":"application/json",` +
      `"partitionkey":"${completed.id}","merchantid":"mer_shop","txseq":"0000000003",` +
      `${trace}"data":{"amount":100.50}}`;
    expect(toCloudEvent(record)).toBe(textWith(`"traceparent":"${TRACEPARENT}",`));
    // One of before there were traces, which may have been sent already.
    expect(toCloudEvent({ ...record, traceparent: null })).toBe(textWith(""));
  });

  it("A CloudEvent holds the transaction's text unchanged", () => {
    const data = '{ "amount":1.0,"a":"\\u00e9\\/","b":12345678901234567890 }';
    expect(toCloudEvent(recordOf(pending, data)).endsWith(`,"data":${data}}`)).toBe(true);
  });

  it("The CloudEvent of a refund holds the refund's text, under the transaction's key", () => {
    const refund = '{ "id":"re_1","amount_minor":1.0 }';
    const record = {
      ...recordOf(completed),
      type: "refund.succeeded" as const,
      sequence: 5,
      refund,
    };
    expect(toCloudEvent(record)).toBe(
      `{"specversion":"1.0","id":"evt_${completed.id.slice(4)}_5","source":"/payments",` +
        `"type":"payments.refund.succeeded.v1","subject":"${completed.id}",` +
        `"time":"2026-11-22T21:00:00.000Z","datacontenttype":"application/json",` +
        `"partitionkey":"${completed.id}","merchantid":"mer_shop","txseq":"0000000005",` +
        `"traceparent":"${TRACEPARENT}","data":${refund}}`,
    );
    expect(new CloudEvent(JSON.parse(toCloudEvent(record))).validate()).toBe(true);
  });

  it.each(EXAMPLE_NAMES)("A CloudEvent passes the official SDK: %s", (name) => {
    const transaction = EXAMPLES[name];
    const key = transaction.id;
    const value = toCloudEvent(recordOf(transaction));
    const strict = new CloudEvent(JSON.parse(value));
    expect(strict.validate()).toBe(true);
    expect(strict.data).toEqual(transaction);
    expect(Object.keys(strict).every((attribute) => attribute.length <= 20)).toBe(true);

    const headers = { "content-type": CLOUD_EVENT_MEDIA_TYPE };
    const bare = { "content-type": "application/cloudevents+json" }; // All that the SDK supports in HTTP.
    const read = [
      HTTP.toEvent({ headers: bare, body: value }),
      Kafka.toEvent({ headers, key, value, body: value } as never), // Typed for HTTP messages only.
    ];
    for (const event of read) {
      const cloudEvent = event as CloudEvent;
      expect(cloudEvent.validate()).toBe(true);
      expect(cloudEvent).toMatchObject({ id: lastEvent(transaction).id, partitionkey: key });
      expect(cloudEvent.data).toEqual(transaction);
    }
  });

  it("The sequences of CloudEvents compare as texts", () => {
    const texts = [1, 2, 9, 10, 11, 100, 2_000_000_000].map(
      (sequence) => JSON.parse(toCloudEvent({ ...recordOf(pending), sequence })).txseq,
    );
    expect(texts.toSorted()).toEqual(texts);
    expect(new Set(texts.map((digits) => digits.length))).toEqual(new Set([10]));
  });
});
