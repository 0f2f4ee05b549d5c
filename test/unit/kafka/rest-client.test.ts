/** What holds for a REST server of any dialect: limits, credentials and failures. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it } from "vitest";
import type { Produced } from "../../../src/kafka/stream";
import { until } from "../../support/eventually";
import {
  answerWith,
  asked,
  CREDENTIALS,
  DIALECTS,
  type DialectName,
  failed,
  HTML,
  type Play,
  RECORDS,
  refused,
  requests,
  STREAMS,
  says,
  streamWith,
  WRITTEN,
} from "../../support/kafka-rest";

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
  ])("Every dialect reads %s in the same way", async (_, answer, expected) => {
    expect(await asked(dialect, answer)).toEqual(expected);
    expect(requests).toHaveLength(1);
  });

  it("A response of a Kafka server, or its end, is waited for no longer than the limit", async () => {
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
      answerWith(answer);
      expect(await hasty().produce(RECORDS)).toEqual(failed("no answer within 150 ms"));
    }
    await until(() => ended === 1);
  });

  it("The wait that a Kafka server requests is passed on, within limits", async () => {
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

  it("No request is sent for no records", async () => {
    expect(await hasty().produce([])).toEqual(WRITTEN);
    expect(requests).toEqual([]);
  });

  it("Credentials of any alphabet are sent to a Kafka server, and never repeated in reasons", async () => {
    const token = Buffer.from("ada:pa:ss wörd€").toString("base64");
    const message = `no\u0000\n entry: ada with pa:ss wörd€ (Basic ${token})\u202e ${"x".repeat(300)}`;
    answerWith(says(401, { error: message, status: 401 }));
    const settings = { KAFKA_REST_DIALECT: dialect, KAFKA_CLUSTER_ID: "c" };
    const produced = await streamWith({ ...settings, ...CREDENTIALS }).produce(RECORDS);
    expect(requests[0]?.headers.authorization).toBe(`Basic ${token}`);
    const start = "HTTP 401: no entry: ada with [secret] (Basic [secret]) xx";
    expect(produced).toMatchObject({ because: "access", reason: expect.stringMatching(/x$/) });
    const reason = produced.kind === "written" ? "" : produced.reason;
    expect(reason.startsWith(start)).toBe(true);
    expect(reason.length).toBe("HTTP 401: ".length + 200);
  });

  it("A Kafka server that cannot be reached is a failure", async () => {
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

  it("A response has room for a report of each of many records", async () => {
    const records = Array.from({ length: 200 }, (_, n) => ({ key: `txn_${n}`, value: "{}" }));
    const report = { topic: "t".repeat(249), note: "n".repeat(500) };
    const many = records.map((_, offset) => ({ ...report, partition: 0, offset }));
    const bodies: Record<DialectName, string> = {
      upstash: JSON.stringify(many),
      "rest-v2": JSON.stringify({ offsets: many }),
      "rest-v3": many.map((each) => JSON.stringify({ error_code: 200, ...each })).join(""),
    };
    expect(bodies[dialect].length).toBeGreaterThan(65_536);
    answerWith(says(200, bodies[dialect]));
    expect(await STREAMS[dialect]().produce(records)).toEqual(WRITTEN);
  });
});
