/** A REST server in front of Kafka, played over real HTTP, and streams that write to it. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { afterAll, afterEach, beforeAll } from "vitest";
import { type Config, readConfig } from "../../src/config";
import type { EventRecord } from "../../src/domain/transaction/event";
import type { Transaction } from "../../src/domain/transaction/transaction";
import type { Env } from "../../src/env";
import { toCloudEvent } from "../../src/kafka/cloud-event";
import { createStream } from "../../src/kafka/create";
import type { Produced, Stream, StreamRecord } from "../../src/kafka/stream";
import { EXAMPLES, lastEvent, MERCHANT, TRACEPARENT } from "./examples";

export function recordOf(
  transaction: Transaction,
  data = JSON.stringify(transaction),
): EventRecord {
  const { type, sequence, transaction_id } = lastEvent(transaction);
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
    refund: null,
  };
}

export type Request = {
  method: string | undefined;
  url: string | undefined;
  headers: Record<string, unknown>;
  body: string;
};

export type Play = (response: ServerResponse, request: IncomingMessage) => void;
export let requests: Request[] = [];
let play: Play = () => {};

/** How the server answers from now on. */
export function answerWith(next: Play): void {
  play = next;
}

export let url = "";
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

export const says =
  (status: number, body: unknown, headers: Record<string, string> = {}): Play =>
  (response) => {
    const isText = typeof body === "string";
    response.writeHead(status, headers);
    response.end(isText ? body : JSON.stringify(body));
  };
export const HTML = "<html><body><h1>502 Bad Gateway</h1></body></html>";
export const CREDENTIALS = { KAFKA_REST_USERNAME: "ada", KAFKA_REST_PASSWORD: "pa:ss wörd€" };
export function configWith(settings: Partial<Record<string, string>>): Config {
  return readConfig(settings as Env); // The bindings besides the settings are not read here.
}

export function streamWith(settings: Partial<Record<string, string>> = {}): Stream {
  const stream = createStream(configWith({ KAFKA_REST_URL: url, KAFKA_TOPIC: "tx", ...settings }));
  if (!stream) throw new Error("no stream");
  return stream;
}

export const STREAMS = {
  upstash: () => streamWith(),
  "rest-v2": () => streamWith({ KAFKA_REST_DIALECT: "rest-v2" }),
  "rest-v3": () => streamWith({ KAFKA_REST_DIALECT: "rest-v3", KAFKA_CLUSTER_ID: "lkc-1" }),
};

export type DialectName = keyof typeof STREAMS;
export const DIALECTS = Object.keys(STREAMS) as DialectName[]; // The record's own keys.

export const RECORDS: StreamRecord[] = [
  { key: EXAMPLES.completed.id, value: toCloudEvent(recordOf(EXAMPLES.completed)) },
  { key: "txn_é", value: '{"description":"Bücher, 本, 🎉"}' },
];

export const WRITTEN: Produced = { kind: "written" };
export const failed = (reason: string): Produced => ({ kind: "failed", reason });
export const UNCONFIRMED: Produced = {
  kind: "failed",
  reason: "HTTP 200, not every record confirmed",
  unclear: true,
};

export const refused = (because: "records" | "access", reason: string): Produced => ({
  kind: "refused",
  because,
  reason,
});

export async function asked(dialect: DialectName, answer: Play): Promise<Produced> {
  answerWith(answer);
  return STREAMS[dialect]().produce(RECORDS);
}

export const decoded = (encoded: string) => Buffer.from(encoded, "base64").toString();
