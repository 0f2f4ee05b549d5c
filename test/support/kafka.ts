/** A Kafka REST endpoint for tests, in the Upstash dialect and in that of the REST proxies (`/topics/…`): a
 *  real HTTP server outside the Worker.
 *
 *  `POST /produce` and `POST /topics/tx` append to the topic's log. `PUT /fate` with a JSON text sets how requests fare from
 *  then on: `up`, `down` (503), `hang`, `half` (writes the first half, then cuts the connection), `lost`
 *  (writes all, then cuts), `denied` (401), and `poison:TEXT` (400 when a value holds the text).
 *  Under `/topics/tx` also, each with a report of its own for each record: `strimzi:BYTES` and `karapace:BYTES`
 *  (what those servers answer when a value is larger), `expired` (Strimzi's time-out, for all), and
 *  `unknown:TEXT` (a server of an unknown kind: 500 for all when a value holds the text).
 *  `GET /log` returns what was written, in order, and the number of requests. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import type { TestProject } from "vitest/node";
import { type Fake, sendJson, serve } from "./http-server";

export type StreamLog = {
  records: { key: string; value: string }[];
  /** The keys of each request. */
  requests: string[][];
};

export async function startKafka(): Promise<Fake> {
  const log: StreamLog = { records: [], requests: [] };
  let fate = "up";
  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request);
    if (request.url === "/fate") {
      fate = JSON.parse(body);
      return sendJson(response, 200, fate);
    }
    if (request.url === "/log") return sendJson(response, 200, log);
    if (request.url?.startsWith("/topics/")) {
      const { records } = JSON.parse(body) as { records: StreamLog["records"] };
      const decoded = records.map(({ key, value }) => ({ key: text64(key), value: text64(value) }));
      log.requests.push(decoded.map(({ key }) => key));
      if (fate === "down") return sendJson(response, 503, { error_code: 503, message: "down" });
      if (fate === "denied") return sendJson(response, 401, { error_code: 401, message: "no" });
      const { status, reports } = reportsOf(decoded, fate, log.records.length);
      log.records.push(...decoded.filter((_, at) => "offset" in (reports[at] ?? {})));
      if (status === 500) return sendJson(response, 500, { error_code: 500, message: "Oops" });
      const schemas = { key_schema_id: null, value_schema_id: null };
      return sendJson(response, status, { offsets: reports, ...schemas });
    }
    const records = JSON.parse(body) as StreamLog["records"];
    log.requests.push(records.map(({ key }) => key));
    const [kind, poison = ""] = fate.split(":");
    if (kind === "hang") return;
    if (kind === "down") return sendJson(response, 503, { error: "down", status: 503 });
    if (kind === "denied") return sendJson(response, 401, { error: "no", status: 401 });
    if (kind === "poison" && records.some(({ value }) => value.includes(poison))) {
      return sendJson(response, 400, { error: "a record is not valid", status: 400 });
    }
    const written = kind === "half" ? records.slice(0, Math.floor(records.length / 2)) : records;
    const first = log.records.length;
    log.records.push(...written);
    if (kind === "half" || kind === "lost") return void response.destroy();
    const offsets = written.map((_, at) => ({ topic: "t", partition: 0, offset: first + at }));
    sendJson(response, 200, offsets);
  }
  return serve(answer);
}

const text64 = (base64: string) => Buffer.from(base64, "base64").toString();

/** Kafka's words as Strimzi bridge 0.33 passes them on, and kafka-python's as Karapace 6.2 does. */
const STRIMZI = {
  error_code: 500,
  message:
    "The request included a message larger than the max message size the server will accept.",
};

const EXPIRED = {
  error_code: 500,
  message: "Expiring 1 record(s) for tx-0:120000 ms has passed since batch creation",
};

const KARAPACE = {
  error_code: 1,
  error:
    "The server has a configurable maximum message size to avoid unbounded memory allocation. This error is thrown if the client attempt to produce a message larger than this maximum.",
};

/** A report for each record, as the servers of the `/topics` form give them. */
function reportsOf(records: StreamLog["records"], fate: string, offset: number) {
  const [kind, argument = ""] = fate.split(":");
  const isLarge = (value: string) => Buffer.byteLength(value) > Number(argument);
  const hasText = records.some(({ value }) => value.includes(argument));
  let next = offset;
  const reports = records.map(({ value }) => {
    if (kind === "strimzi" && isLarge(value)) return STRIMZI;
    if (kind === "karapace" && isLarge(value)) return KARAPACE;
    if (kind === "expired") return EXPIRED;
    if (kind === "unknown" && hasText) return {};
    return { partition: 0, offset: next++ };
  });
  const isFault = kind === "karapace" && reports.includes(KARAPACE);
  const status = kind === "unknown" && hasText ? 500 : isFault ? 422 : 200;
  return { status, reports };
}

/** vitest's global set-up. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const kafka = await startKafka();
  project.provide("kafkaUrl", kafka.url);
  return kafka.close;
}

declare module "vitest" {
  interface ProvidedContext {
    kafkaUrl: string;
  }
}
