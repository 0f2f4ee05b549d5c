/** The stream: events as CloudEvents, and the dialects in which REST servers in front of Kafka are
 *  spoken to. The servers are played over real HTTP; their words are those of the real ones. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { Kafka as UpstashKafka } from "@upstash/kafka";
import { CloudEvent, HTTP, Kafka } from "cloudevents";
import fc from "fast-check";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { type Config, readConfig, SettingsError } from "../../../src/config";
import { CLOUD_EVENT_MEDIA_TYPE, toCloudEvent } from "../../../src/domain/transaction/cloud-event";
import { type EventRecord, toEvent } from "../../../src/domain/transaction/event";
import type { Transaction } from "../../../src/domain/transaction/transaction";
import type { Change } from "../../../src/domain/transaction/transition";
import type { Env } from "../../../src/env";
import { base64 } from "../../../src/kafka/base64";
import { createStream } from "../../../src/kafka/create";
import { jsonSequence } from "../../../src/kafka/json-sequence";
import type { Produced, Stream, StreamRecord } from "../../../src/kafka/stream";
import { Journal } from "../../../src/transactions/journal/journal";
import { differentTransactions } from "../../../src/transactions/outbox/kafka-request";
import { ParkedEvents } from "../../../src/transactions/outbox/parked";
import { KafkaDestination } from "../../../src/transactions/outbox/to-kafka";
import { until } from "../../support/eventually";
import { EXAMPLE_NAMES, EXAMPLES, MERCHANT, NOW_MS, TRACEPARENT } from "../../support/examples";
import { memoryStorage } from "../../support/sqlite";

function recordOf(transaction: Transaction, data = JSON.stringify(transaction)): EventRecord {
  const { type, sequence, transaction_id } = toEvent(transaction);
  const created_at_ms = Date.parse(transaction.updated_at);
  const merchant_id = MERCHANT;
  const traceparent = TRACEPARENT;
  return {
    position: 7,
    merchant_id,
    transaction_id,
    sequence,
    type,
    created_at_ms,
    data,
    traceparent,
    first_position: 7,
  };
}

describe("an event as a CloudEvent", () => {
  const { pending, completed } = EXAMPLES;

  it("is these bytes", () => {
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

  it("holds the transaction's text as it is", () => {
    const data = '{ "amount":1.0,"a":"\\u00e9\\/","b":12345678901234567890 }';
    expect(toCloudEvent(recordOf(pending, data)).endsWith(`,"data":${data}}`)).toBe(true);
  });

  it.each(EXAMPLE_NAMES)("passes the official SDK: %s", (name) => {
    const transaction = EXAMPLES[name];
    const key = transaction.id;
    const value = toCloudEvent(recordOf(transaction));
    const strict = new CloudEvent(JSON.parse(value));
    expect(strict.validate()).toBe(true);
    expect(strict.data).toEqual(transaction);
    expect(Object.keys(strict).every((attribute) => attribute.length <= 20)).toBe(true);

    const headers = { "content-type": CLOUD_EVENT_MEDIA_TYPE };
    const bare = { "content-type": "application/cloudevents+json" }; // All that the SDK knows in HTTP.
    const read = [
      HTTP.toEvent({ headers: bare, body: value }),
      Kafka.toEvent({ headers, key, value, body: value } as never), // Typed for HTTP messages only.
    ];
    for (const event of read) {
      const cloudEvent = event as CloudEvent;
      expect(cloudEvent.validate()).toBe(true);
      expect(cloudEvent).toMatchObject({ id: toEvent(transaction).id, partitionkey: key });
      expect(cloudEvent.data).toEqual(transaction);
    }
  });

  it("has sequences that compare as texts", () => {
    const texts = [1, 2, 9, 10, 11, 100, 2_000_000_000].map(
      (sequence) => JSON.parse(toCloudEvent({ ...recordOf(pending), sequence })).txseq,
    );
    expect(texts.toSorted()).toEqual(texts);
    expect(new Set(texts.map((digits) => digits.length))).toEqual(new Set([10]));
  });
});

type Request = {
  method: string | undefined;
  url: string | undefined;
  headers: Record<string, unknown>;
  body: string;
};
type Play = (response: ServerResponse, request: IncomingMessage) => void;

let requests: Request[] = [];
let play: Play = () => {};
let url = "";

const server = createServer(async (request, response) => {
  const { method, url, headers } = request;
  requests.push({ method, url, headers, body: await text(request) });
  play(response, request);
});

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => {
  requests = [];
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const says =
  (status: number, body: unknown, headers: Record<string, string> = {}): Play =>
  (response) => {
    const isText = typeof body === "string";
    response.writeHead(status, headers);
    response.end(isText ? body : JSON.stringify(body));
  };
const HTML = "<html><body><h1>502 Bad Gateway</h1></body></html>";

const CREDENTIALS = { KAFKA_REST_USERNAME: "ada", KAFKA_REST_PASSWORD: "pa:ss wörd€" };

function configWith(settings: Partial<Record<string, string>>): Config {
  return readConfig(settings as Env); // The bindings besides the settings are not read here.
}

function streamWith(settings: Partial<Record<string, string>> = {}): Stream {
  const stream = createStream(configWith({ KAFKA_REST_URL: url, KAFKA_TOPIC: "tx", ...settings }));
  if (!stream) throw new Error("no stream");
  return stream;
}

const STREAMS = {
  upstash: () => streamWith(),
  "rest-v2": () => streamWith({ KAFKA_REST_DIALECT: "rest-v2" }),
  "rest-v3": () => streamWith({ KAFKA_REST_DIALECT: "rest-v3", KAFKA_CLUSTER_ID: "lkc-1" }),
};
type DialectName = keyof typeof STREAMS;
const DIALECTS = Object.keys(STREAMS) as DialectName[]; // The record's own keys.

const RECORDS: StreamRecord[] = [
  { key: EXAMPLES.completed.id, value: toCloudEvent(recordOf(EXAMPLES.completed)) },
  { key: "txn_é", value: '{"description":"Bücher, 本, 🎉"}' },
];

const WRITTEN: Produced = { kind: "written" };
const failed = (reason: string): Produced => ({ kind: "failed", reason });
const UNCONFIRMED: Produced = {
  kind: "failed",
  reason: "HTTP 200, not every record confirmed",
  unclear: true,
};
const refused = (because: "records" | "access", reason: string): Produced => ({
  kind: "refused",
  because,
  reason,
});

async function asked(dialect: DialectName, answer: Play): Promise<Produced> {
  play = answer;
  return STREAMS[dialect]().produce(RECORDS);
}

const decoded = (encoded: string) => Buffer.from(encoded, "base64").toString();

const UPSTASH_OK = [
  { topic: "tx", partition: 0, offset: 0, timestamp: 1637743323016 },
  { topic: "tx", partition: 2, offset: 7, timestamp: 1637743323016 },
];

describe("the upstash dialect", () => {
  it("sends what the last published client sends", async () => {
    play = says(200, UPSTASH_OK);
    const [username, password] = ["ada", "s3cret/+="];
    const client = new UpstashKafka({ url: `${url}/`, username, password });
    const headers = [{ key: "content-type", value: CLOUD_EVENT_MEDIA_TYPE }];
    const messages = RECORDS.map(({ key, value }) => ({ topic: "tx", key, value, headers }));
    await client.producer().produceMany(messages);
    const stream = streamWith({
      KAFKA_REST_URL: `${url}/`,
      KAFKA_REST_USERNAME: username,
      KAFKA_REST_PASSWORD: password,
    });
    expect(await stream.produce(RECORDS)).toEqual(WRITTEN);

    const [theirs, ours] = requests.map(({ method, url, headers, body }) => ({
      method,
      url,
      content_type: headers["content-type"],
      authorization: headers.authorization,
      content_encoding: headers["content-encoding"],
      body: JSON.parse(body),
    }));
    expect(ours).toEqual(theirs);
    expect(ours?.body[0].value).toBe(RECORDS[0]?.value);
  });

  it.each<[string, Play, Produced]>([
    ["one offset for each record", says(200, UPSTASH_OK), WRITTEN],
    ["too few offsets", says(200, UPSTASH_OK.slice(1)), UNCONFIRMED],
    ["one object instead of a list", says(200, UPSTASH_OK[0]), UNCONFIRMED],
    ["an error under 200", says(200, { error: "no", status: 500 }), UNCONFIRMED],
    ["offsets below 0", says(200, [UPSTASH_OK[0], { partition: 0, offset: -1 }]), UNCONFIRMED],
    [
      "401",
      says(401, { error: "Unauthorized", status: 401 }),
      refused("access", "HTTP 401: Unauthorized"),
    ],
    [
      "400",
      says(400, { error: "value is missing", status: 400 }),
      refused("records", "HTTP 400: value is missing"),
    ],
    ["500", says(500, { error: "oh", status: 500 }), failed("HTTP 500: oh")],
    ["a success without content", says(204, ""), failed("HTTP 204, not JSON")],
  ])("reads %s", async (_, answer, expected) => {
    expect(await asked("upstash", answer)).toMatchObject(expected);
  });
});

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

  it("sends keys and values in base64, and no headers", async () => {
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

  it("sends the header, in base64, when it is asked to", async () => {
    play = says(200, offsets(at(0, 1), at(1, 1)));
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
  ])("reads %s", async (_, answer, expected) => {
    expect(await asked("rest-v2", answer)).toMatchObject(expected);
  });

  it("takes two reports of one partition for three records for nothing", async () => {
    play = says(200, { offsets: [at(0, 1), at(0, 2)] });
    const third = { key: "txn_3", value: "{}" };
    expect(await STREAMS["rest-v2"]().produce([...RECORDS, third])).toEqual(UNCONFIRMED);
  });
});

describe("the rest-v3 dialect", () => {
  const ok = (offset: number) =>
    `{"error_code":200,"cluster_id":"lkc-1","topic_name":"tx","partition_id":1,"offset":${offset},` +
    `"timestamp":"2026-11-22T21:00:00Z","key":{"type":"STRING","size":4},"value":{"type":"STRING","size":9}}`;
  const bad = (error_code: number, message: string) => JSON.stringify({ error_code, message });

  it("sends records one after the other, strings as they are, with a header", async () => {
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

  it("keeps the path in front", async () => {
    play = says(200, ok(1));
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
  ])("reads %s", async (_, answer, expected) => {
    expect(await asked("rest-v3", answer)).toMatchObject(expected);
  });
});

describe.each(DIALECTS)("any server, %s", (dialect) => {
  const hasty = () => {
    const settings = {
      KAFKA_REST_DIALECT: dialect,
      KAFKA_CLUSTER_ID: "c",
      KAFKA_TIMEOUT_MS: "150",
    };
    return streamWith(settings);
  };

  it.each<[string, Play, Produced]>([
    ["an HTML 502", says(502, HTML), failed("HTTP 502, not JSON")],
    ["an HTML 200", says(200, HTML), failed("HTTP 200, not JSON")],
    ["an HTML 403", says(403, HTML), refused("access", "HTTP 403, not JSON")],
    ["an odd 4xx", says(451, {}), refused("access", "HTTP 451, no message")],
    ["408", says(408, ""), failed("HTTP 408, not JSON")],
    ["an error of another shape", says(500, [1]), failed("HTTP 500, no message")],
    ["a megabyte", says(200, "x".repeat(1_048_576)), failed("HTTP 200, too long")],
    [
      "a megabyte of refusal",
      says(401, HTML.repeat(20_000)),
      refused("access", "HTTP 401, too long"),
    ],
    [
      "a redirect",
      says(307, "", { Location: "/elsewhere" }),
      refused("access", "HTTP 307, a redirect"),
    ],
    ["a connection reset", (response) => response.destroy(), failed("the call failed")],
    [
      "a connection reset within the answer",
      (response) => {
        response.writeHead(200, { "Content-Length": "1000" });
        response.write("[", () => response.destroy());
      },
      failed("the call failed"),
    ],
  ])("takes %s as it is", async (_, answer, expected) => {
    expect(await asked(dialect, answer)).toEqual(expected);
    expect(requests).toHaveLength(1);
  });

  it("waits no longer than it may for an answer, or for its end", async () => {
    let ended = 0;
    const drip: Play = (response) => {
      response.writeHead(200);
      const timer = setInterval(() => response.write(" "), 20);
      response.on("close", () => {
        clearInterval(timer);
        ended += 1;
      });
    };
    for (const answer of [() => {}, drip]) {
      play = answer;
      expect(await hasty().produce(RECORDS)).toEqual(failed("no answer within 150 ms"));
    }
    await until(() => ended === 1);
  });

  it("passes on how long to wait, within limits", async () => {
    for (const [wait, retry_after_ms] of [
      ["7", 7_000],
      ["99999", 300_000],
    ] as const) {
      expect(await asked(dialect, says(429, HTML, { "Retry-After": wait }))).toEqual({
        kind: "failed",
        reason: "HTTP 429, not JSON",
        retry_after_ms,
      });
    }
    expect(await asked(dialect, says(503, {}, { "Retry-After": "soon" }))).toEqual(
      failed("HTTP 503, no message"),
    );
  });

  it("asks nobody about no records", async () => {
    expect(await hasty().produce([])).toEqual(WRITTEN);
    expect(requests).toEqual([]);
  });

  it("sends credentials of any alphabet, and never repeats them", async () => {
    const token = Buffer.from("ada:pa:ss wörd€").toString("base64");
    const message = `no\u0000\n entry: ada with pa:ss wörd€ (Basic ${token})\u202e ${"x".repeat(300)}`;
    play = says(401, { error: message, status: 401 });
    const settings = { KAFKA_REST_DIALECT: dialect, KAFKA_CLUSTER_ID: "c" };
    const produced = await streamWith({ ...settings, ...CREDENTIALS }).produce(RECORDS);
    expect(requests[0]?.headers.authorization).toBe(`Basic ${token}`);
    const start = "HTTP 401: no entry: ada with [secret] (Basic [secret]) xx";
    expect(produced).toMatchObject({ because: "access", reason: expect.stringMatching(/x$/) });
    const reason = produced.kind === "written" ? "" : produced.reason;
    expect(reason.startsWith(start)).toBe(true);
    expect(reason.length).toBe("HTTP 401: ".length + 200);
  });

  it("finds nobody at the address", async () => {
    const closed = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => closed.once("listening", resolve));
    const { port } = closed.address() as AddressInfo;
    await new Promise((resolve) => closed.close(resolve));
    const stream = streamWith({
      KAFKA_REST_DIALECT: dialect,
      KAFKA_CLUSTER_ID: "c",
      KAFKA_REST_URL: `http://127.0.0.1:${port}`,
    });
    expect(await stream.produce(RECORDS)).toEqual(failed("the call failed"));
  });

  it("has room for a report of each of many records", async () => {
    const records = Array.from({ length: 200 }, (_, n) => ({ key: `txn_${n}`, value: "{}" }));
    const report = { topic: "t".repeat(249), note: "n".repeat(500) };
    const many = records.map((_, offset) => ({ ...report, partition: 0, offset }));
    const bodies: Record<DialectName, string> = {
      upstash: JSON.stringify(many),
      "rest-v2": JSON.stringify({ offsets: many }),
      "rest-v3": many.map((each) => JSON.stringify({ error_code: 200, ...each })).join(""),
    };
    expect(bodies[dialect].length).toBeGreaterThan(65_536);
    play = says(200, bodies[dialect]);
    expect(await STREAMS[dialect]().produce(records)).toEqual(WRITTEN);
  });
});

describe("the parts", () => {
  it("encodes any text as its UTF-8 bytes in base64", () => {
    const texts = fc.string({ unit: "grapheme", maxLength: 50 });
    fc.assert(
      fc.property(texts, fc.integer({ min: 1, max: 2_000 }), (part, times) => {
        const text = part.repeat(times);
        expect(base64(text)).toBe(Buffer.from(text).toString("base64"));
      }),
      { numRuns: 100 },
    );
  });

  it("finds the objects of a JSON sequence, however they are set apart", () => {
    const objects = fc.dictionary(fc.string(), fc.jsonValue());
    const gaps = fc.constantFrom("", " ", "\n", "\r\n\t");
    fc.assert(
      fc.property(fc.array(objects, { maxLength: 5 }), gaps, (values, gap) => {
        const text = values.map((value) => JSON.stringify(value)).join(gap);
        expect(jsonSequence(text)).toEqual(JSON.parse(JSON.stringify(values)));
      }),
    );
  });

  it.each(["{", "}", "}{", "{}x", "x{}", '{"a":"}', "1", "[{}]", "{} {} ]", '"{}"', "{}{"])(
    "finds no JSON sequence in %s",
    (text) => {
      expect(jsonSequence(text)).toBeUndefined();
    },
  );
});

describe("the settings", () => {
  it("are off without a URL, whatever else is set", () => {
    const settings = { KAFKA_REST_DIALECT: "rest-v3", ...CREDENTIALS };
    for (const each of [{}, { KAFKA_REST_URL: "" }, settings]) {
      expect(configWith(each).kafka).toEqual({ dialect: "off" });
      expect(createStream(configWith(each))).toBeUndefined();
    }
  });

  it("have defaults", () => {
    expect(configWith({ KAFKA_REST_URL: "https://kafka.example/a/b" }).kafka).toEqual({
      dialect: "upstash",
      url: "https://kafka.example/a/b",
      username: "",
      password: "",
      topic: "payment-events",
      timeout_ms: 10_000,
    });
  });

  const v3 = { KAFKA_REST_DIALECT: "rest-v3", KAFKA_REST_URL: "https://kafka.example" };
  it.each<[Record<string, string>, string]>([
    [{ KAFKA_REST_DIALECT: "confluent" }, "KAFKA_REST_DIALECT"],
    [{ KAFKA_REST_URL: "kafka.example" }, "KAFKA_REST_URL"],
    [{ KAFKA_REST_URL: "ftp://kafka.example" }, "KAFKA_REST_URL"],
    [{ KAFKA_REST_URL: "https://ada:pass@kafka.example" }, "KAFKA_REST_URL"],
    [{ KAFKA_REST_URL: "https://ada@kafka.example" }, "KAFKA_REST_URL"],
    [{ KAFKA_REST_URL: "https://kafka.example/?a=1" }, "KAFKA_REST_URL"],
    [{ KAFKA_REST_URL: "https://kafka.example/#" }, "KAFKA_REST_URL"],
    [{ KAFKA_REST_URL: " https://kafka.example" }, "KAFKA_REST_URL"],
    [{ KAFKA_REST_USERNAME: "a:b" }, "KAFKA_REST_USERNAME"],
    [{ KAFKA_REST_PASSWORD: "secret-with-a\n" }, "KAFKA_REST_PASSWORD"],
    [{ KAFKA_TOPIC: "" }, "KAFKA_TOPIC"],
    [{ KAFKA_TOPIC: ".." }, "KAFKA_TOPIC"],
    [{ KAFKA_TOPIC: "a/b" }, "KAFKA_TOPIC"],
    [{ KAFKA_TOPIC: "a\n" }, "KAFKA_TOPIC"],
    [{ KAFKA_TOPIC: "t".repeat(250) }, "KAFKA_TOPIC"],
    [{ KAFKA_CLUSTER_ID: "lkc/1" }, "KAFKA_CLUSTER_ID"],
    [{ KAFKA_TIMEOUT_MS: "0" }, "KAFKA_TIMEOUT_MS"],
    [{ KAFKA_TIMEOUT_MS: "60001" }, "KAFKA_TIMEOUT_MS"],
    [v3, "KAFKA_CLUSTER_ID"],
    [
      { ...v3, KAFKA_REST_DIALECT: "upstash", KAFKA_REST_PASSWORD: "secret-1" },
      "KAFKA_REST_USERNAME",
    ],
  ])("refuse %j, and do not show it", (settings, name) => {
    const check = () => configWith(settings);
    expect(check).toThrow(SettingsError);
    expect(check).toThrow(name);
    for (const secret of ["ada", "pass", "secret"]) expect(check).not.toThrow(secret);
  });

  it.each(["...", "a", "A.b_c-9", "t".repeat(249)])("take the topic %s", (topic) => {
    const { kafka } = configWith({ KAFKA_REST_URL: url, KAFKA_TOPIC: topic });
    expect(kafka).toMatchObject({ topic });
  });
});

describe("the stream as a destination", () => {
  const HOUR_MS = 3_600_000;
  let poison: (key: string) => boolean;
  let written: string[];
  /** How long a request takes. */
  let slow: () => Promise<void>;
  const stream: Stream = {
    produce: async (records) => {
      await slow();
      if (records.some(({ key }) => poison(key))) {
        return { kind: "refused", because: "records", reason: "no" };
      }
      written.push(...records.map(({ key }) => key));
      return { kind: "written" };
    },
  };

  function streamingOf(keys: string[]) {
    const { sql } = memoryStorage();
    const journal = new Journal(sql);
    const sequences = new Map<string, number>();
    for (const transaction_id of keys) {
      const sequence = (sequences.get(transaction_id) ?? 0) + 1;
      sequences.set(transaction_id, sequence);
      const created_at = new Date(NOW_MS).toISOString();
      const event = { transaction_id, sequence, type: "transaction.created", created_at, data: {} };
      journal.append("mer_1", { events: [event] } as unknown as Change, null);
      journal.write();
    }
    const parked = new ParkedEvents(sql);
    const streaming = new KafkaDestination(
      journal,
      { produce: (records) => stream.produce(records) },
      parked,
      () => {},
    );
    const drain = async () => {
      for (let at = 0; at < journal.lastPosition; ) {
        const events = differentTransactions(journal.eventsAfter(at, 200, 600_000));
        await streaming.deliver(events);
        at = events.at(-1)?.position ?? at;
      }
    };
    return { streaming, parked, drain, journal };
  }

  beforeEach(() => {
    vi.useFakeTimers({ now: NOW_MS, toFake: ["Date"] });
    poison = (key) => key.startsWith("bad");
    slow = async () => {};
    written = [];
  });
  afterEach(() => void vi.useRealTimers());

  it("gets past several bad transactions in a row", async () => {
    const { parked, drain } = streamingOf(["bad1", "bad1", "bad2", "bad2", "bad3", "good"]);
    await drain();
    expect(new Set(written)).toEqual(new Set(["good"]));
    expect(parked.count).toBe(5);
  });

  it("parks nothing when the server takes nothing", async () => {
    const keys = Array.from({ length: 30 }, (_, at) => [`bad${at}`, `bad${at}`]).flat();
    const { parked, drain } = streamingOf(keys);
    await expect(drain()).rejects.toThrow("no");
    expect(parked.count).toBe(0);
  });

  it("ends a delivery that was given up with its request, before the next one begins", async () => {
    const { streaming, parked, journal } = streamingOf(["bad1", "bad2", "good", "good"]);
    const [first, next] = [journal.eventsAfter(0, 3, 1_000), journal.eventsAfter(3, 1, 1_000)];
    await streaming.deliver(first);
    expect(parked.count).toBe(2);
    poison = () => false;
    written = [];
    let answer = (): void => {};
    slow = () => new Promise((resolve) => (answer = resolve));
    vi.setSystemTime(NOW_MS + HOUR_MS);
    const givenUp = streaming.deliver(first); // It is at what was parked.
    const later = streaming.deliver(next);
    slow = async () => {};
    answer();
    await expect(givenUp).rejects.toThrow("took too long");
    await later;
    expect(written).toEqual(["bad1", "good"]);
  });

  it("takes up what was parked behind each other, one of a transaction at a time", async () => {
    const { streaming, parked, drain } = streamingOf([...Array(90).fill("bad"), "good"]);
    await drain();
    expect(parked.count).toBe(90);
    poison = () => false;
    written = [];
    vi.setSystemTime(NOW_MS + HOUR_MS);
    let rounds = 0;
    for (; (streaming.parkedAtMs ?? Number.POSITIVE_INFINITY) <= Date.now(); rounds++) {
      const before = written.length;
      await streaming.deliver([]);
      expect(written.length - before).toBeLessThanOrEqual(1);
    }
    expect([rounds, written.length, parked.count]).toEqual([90, 90, 0]);
  });

  it("comes round to every parked transaction, however many stay bad", async () => {
    const keys = Array.from({ length: 150 }, (_, at) => `bad${at}`);
    const { streaming, parked, drain } = streamingOf(keys.flatMap((key, at) => [key, `good${at}`]));
    await drain();
    expect(parked.count).toBe(150);
    poison = (key) => key !== "bad149" && key.startsWith("bad");
    for (let hour = 1; hour <= 3; hour++) {
      vi.setSystemTime(NOW_MS + hour * HOUR_MS);
      await streaming.deliver([]);
    }
    expect(written).toContain("bad149");
    expect(parked.count).toBe(149);
  });
});
