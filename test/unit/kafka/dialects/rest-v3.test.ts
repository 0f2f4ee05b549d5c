/** The rest-v3 dialect. */
import { describe, expect, it } from "vitest";
import { base64 } from "../../../../src/kafka/base64";
import { CLOUD_EVENT_MEDIA_TYPE } from "../../../../src/kafka/cloud-event";
import { jsonSequence } from "../../../../src/kafka/json-sequence";
import type { Produced } from "../../../../src/kafka/stream";
import {
  answerWith,
  asked,
  failed,
  HTML,
  type Play,
  RECORDS,
  refused,
  requests,
  says,
  streamWith,
  UNCONFIRMED,
  url,
  WRITTEN,
} from "../../../support/kafka-rest";

describe("the rest-v3 dialect", () => {
  const ok = (offset: number) =>
    `{"error_code":200,"cluster_id":"lkc-1","topic_name":"tx","partition_id":1,"offset":${offset},` +
    `"timestamp":"2026-11-22T21:00:00Z","key":{"type":"STRING","size":4},"value":{"type":"STRING","size":9}}`;
  const bad = (error_code: number, message: string) => JSON.stringify({ error_code, message });

  it("The rest-v3 dialect sends records one after the other, strings unchanged, with a header", async () => {
    expect(await asked("rest-v3", says(200, `${ok(1)}\r\n${ok(2)}\r\n`))).toEqual(WRITTEN);
    const [request] = requests;
    expect(request).toMatchObject({ method: "POST", url: "/v3/clusters/lkc-1/topics/tx/records" });
    expect(request?.headers).toMatchObject({ "content-type": "application/json" });
    const sent = jsonSequence(request?.body ?? "");
    const headers = [{ name: "content-type", value: base64(CLOUD_EVENT_MEDIA_TYPE) }];
    expect(sent).toEqual(
      RECORDS.map(({ key, value }) => ({
        headers,
        key: { type: "STRING", data: key },
        value: { type: "STRING", data: value },
      })),
    );
  });

  it("The rest-v3 dialect keeps the path of the URL", async () => {
    answerWith(says(200, ok(1)));
    const settings = { KAFKA_REST_URL: `${url}/kafka/`, KAFKA_CLUSTER_ID: "lkc-1" };
    const stream = streamWith({ KAFKA_REST_DIALECT: "rest-v3", ...settings });
    await stream.produce(RECORDS);
    expect(requests[0]?.url).toBe("/kafka/v3/clusters/lkc-1/topics/tx/records");
  });

  it.each<[string, Play, Produced]>([
    ["reports without anything between", says(200, ok(1) + ok(2)), WRITTEN],
    [
      "one bad report among them",
      says(200, ok(1) + bad(50003, "Retry later {")),
      failed("HTTP 200, 1 of 2 not written, error 50003: Retry later {"),
    ],
    [
      "a record it will not take",
      says(200, bad(42206, "No schema") + ok(2)),
      refused("records", "HTTP 200, 1 of 2 not written, error 42206: No schema"),
    ],
    [
      "a record Kafka will not take",
      says(200, bad(50002, "Too large") + ok(2)),
      refused("records", "HTTP 200, 1 of 2 not written, error 50002: Too large"),
    ],
    [
      "a report of forbidden access that ends the stream",
      says(200, bad(40301, "Forbidden")),
      refused("access", "HTTP 200, 1 of 1 not written, error 40301: Forbidden"),
    ],
    [
      "a limit among the reports",
      says(200, ok(1) + bad(429, "Slow down")),
      failed("HTTP 200, 1 of 2 not written, error 429: Slow down"),
    ],
    [
      "a time-out among the reports",
      says(200, ok(1) + bad(40801, "Timed out")),
      failed("HTTP 200, 1 of 2 not written, error 40801: Timed out"),
    ],
    ["too few reports", says(200, ok(1)), UNCONFIRMED],
    ["a report cut short", says(200, ok(1) + ok(2).slice(0, -9)), failed("HTTP 200, not JSON")],
    ["nothing", says(200, ""), UNCONFIRMED],
    ["reports that are none", says(200, "{}{}"), UNCONFIRMED],
    ["401", says(401, bad(40101, "Unauthorized")), refused("access", "HTTP 401: Unauthorized")],
    ["404", says(404, bad(40403, "No topic")), refused("access", "HTTP 404: No topic")],
    ["413", says(413, bad(413, "Too large")), refused("records", "HTTP 413: Too large")],
    ["415", says(415, bad(415, "Media type")), refused("access", "HTTP 415: Media type")],
    ["an HTML 429", says(429, HTML), failed("HTTP 429, not JSON")],
  ])("The rest-v3 dialect reads %s", async (_, answer, expected) => {
    expect(await asked("rest-v3", answer)).toMatchObject(expected);
  });
});
