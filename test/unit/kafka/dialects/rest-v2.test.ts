/** The rest-v2 dialect. */
import { describe, expect, it } from "vitest";
import { CLOUD_EVENT_MEDIA_TYPE } from "../../../../src/kafka/cloud-event";
import type { Produced, StreamRecord } from "../../../../src/kafka/stream";
import {
  answerWith,
  asked,
  decoded,
  failed,
  type Play,
  RECORDS,
  refused,
  requests,
  STREAMS,
  says,
  streamWith,
  UNCONFIRMED,
  WRITTEN,
} from "../../../support/kafka-rest";

describe("the rest-v2 dialect", () => {
  const at = (partition: number, offset: number) => ({ partition, offset });
  const offsets = (...offsets: unknown[]) => ({
    offsets,
    key_schema_id: null,
    value_schema_id: null,
  });
  const confluent = (error_code: number, error: string) => ({
    partition: null,
    offset: null,
    error_code,
    error,
  });

  it("The rest-v2 dialect sends keys and values in base64, and no headers", async () => {
    expect(await asked("rest-v2", says(200, offsets(at(0, 1), at(1, 1))))).toEqual(WRITTEN);
    const [request] = requests;
    expect(request).toMatchObject({ method: "POST", url: "/topics/tx" });
    expect(request?.headers).toMatchObject({
      "content-type": "application/vnd.kafka.binary.v2+json",
      accept: "application/vnd.kafka.v2+json",
    });
    expect(request?.headers).not.toHaveProperty("authorization");
    const { records, ...rest } = JSON.parse(request?.body ?? "");
    expect(rest).toEqual({});
    expect(records.map(({ key, value, ...rest }: StreamRecord) => rest)).toEqual([{}, {}]);
    expect(
      records.map(({ key, value }: StreamRecord) => ({ key: decoded(key), value: decoded(value) })),
    ).toEqual(RECORDS);
  });

  it("The rest-v2 dialect sends the header, in base64, when the settings say so", async () => {
    answerWith(says(200, offsets(at(0, 1), at(1, 1))));
    const settings = { KAFKA_REST_DIALECT: "rest-v2", KAFKA_RECORD_HEADERS: "true" };
    expect(await streamWith(settings).produce(RECORDS)).toEqual(WRITTEN);
    const { records } = JSON.parse(requests[0]?.body ?? "");
    for (const { headers } of records) {
      expect(headers.map(({ key, value }: StreamRecord) => [key, decoded(value)])).toEqual([
        ["content-type", CLOUD_EVENT_MEDIA_TYPE],
      ]);
    }
  });

  const nullCodes = { ...at(0, 3), error_code: null, error: null };
  it.each<[string, Play, Produced]>([
    ["Confluent's success", says(200, offsets(nullCodes, nullCodes)), WRITTEN],
    ["Karapace's success without places", says(200, offsets(at(0, -1), at(0, -1))), WRITTEN],
    ["Redpanda's one offset for a partition", says(200, { offsets: [at(2, 100)] }), WRITTEN],
    [
      "Confluent's 50003",
      says(200, offsets(at(0, 1), confluent(50003, "Timed out"))),
      failed("HTTP 200, 1 of 2 not written, error 50003: Timed out"),
    ],
    [
      "Confluent's 50002",
      says(200, offsets(at(0, 1), confluent(50002, "Too large"))),
      refused("records", "HTTP 200, 1 of 2 not written, error 50002: Too large"),
    ],
    [
      "Confluent's 40301",
      says(403, offsets(confluent(40301, "Not authorized"), confluent(50003, "x"))),
      refused("access", "HTTP 403, 2 of 2 not written, error 40301: Not authorized"),
    ],
    [
      "Confluent's 40301 under 200",
      says(200, offsets(confluent(50002, "x"), confluent(40301, "Not authorized"))),
      refused("access", "HTTP 200, 2 of 2 not written, error 40301: Not authorized"),
    ],
    [
      "Confluent's 40101",
      says(401, offsets(confluent(40101, "Who?"), confluent(40101, "Who?"))),
      refused("access", "HTTP 401, 2 of 2 not written, error 40101: Who?"),
    ],
    [
      "a passing fault beside a bad record: not the record's turn yet",
      says(200, offsets(confluent(50002, "Too large"), confluent(50003, "Timed out"))),
      failed("HTTP 200, 2 of 2 not written, error 50003: Timed out"),
    ],
    [
      "an unknown topic",
      says(404, { error_code: 40401, message: "Topic not found." }),
      refused("access", "HTTP 404: Topic not found."),
    ],
    [
      "a body it cannot read",
      says(422, { error_code: 42203, message: "Conversion of JSON failed" }),
      refused("records", "HTTP 422: Conversion of JSON failed"),
    ],
    [
      "Karapace's 422 with offsets, code 1",
      says(422, offsets(at(0, 5), { error_code: 1, error: "KafkaTimeoutError" })),
      failed("HTTP 422, 1 of 2 not written, error 1: KafkaTimeoutError"),
    ],
    [
      "Karapace's 422 with offsets, code 2",
      says(422, offsets({ error_code: 2, error: "NotEnoughReplicasError" }, at(0, 5))),
      failed("HTTP 422, 1 of 2 not written, error 2: NotEnoughReplicasError"),
    ],
    [
      "Redpanda's code of a leader that moved",
      says(200, { offsets: [at(0, 4), { partition: 1, error_code: 6, offset: -1 }] }),
      failed("HTTP 200, 1 of 2 not written, error 6: no message"),
    ],
    [
      "Redpanda's code of a record too large",
      says(200, { offsets: [{ partition: 1, error_code: 10, offset: -1 }] }),
      refused("records", "HTTP 200, 1 of 1 not written, error 10: no message"),
    ],
    [
      "Redpanda's code of a forbidden topic",
      says(200, { offsets: [{ partition: 1, error_code: 29, offset: -1 }] }),
      refused("access", "HTTP 200, 1 of 1 not written, error 29: no message"),
    ],
    [
      "Strimzi's message under 200",
      says(200, { offsets: [at(0, 4), { error_code: 500, message: "Expiring 1 record(s)" }] }),
      failed("HTTP 200, 1 of 2 not written, error 500: Expiring 1 record(s)"),
    ],
    [
      "Strimzi's topic that is not there yet",
      says(200, { offsets: [at(0, 4), { error_code: 404, message: "This server does not host" }] }),
      failed("HTTP 200, 1 of 2 not written, error 404: This server does not host"),
    ],
    [
      "Strimzi's overload",
      says(503, { error_code: 503, message: "Bridge is overloaded" }),
      failed("HTTP 503: Bridge is overloaded"),
    ],
    [
      "an error without a code",
      says(200, { offsets: [at(0, 4), { error: "?" }] }),
      failed("HTTP 200, 1 of 2 not written, error without a code: ?"),
    ],
    ["no offsets", says(200, { offsets: [] }), UNCONFIRMED],
    ["more offsets than records", says(200, offsets(at(0, 1), at(1, 1), at(2, 1))), UNCONFIRMED],
    ["an offset without a place", says(200, offsets(at(0, 1), { partition: 0 })), UNCONFIRMED],
    ["another success", says(204, ""), failed("HTTP 204, not JSON")],
  ])("The rest-v2 dialect reads %s", async (_, answer, expected) => {
    expect(await asked("rest-v2", answer)).toMatchObject(expected);
  });

  it("The rest-v2 dialect does not accept two reports of one partition for three records", async () => {
    answerWith(says(200, { offsets: [at(0, 1), at(0, 2)] }));
    const third = { key: "txn_3", value: "{}" };
    expect(await STREAMS["rest-v2"]().produce([...RECORDS, third])).toEqual(UNCONFIRMED);
  });
});
