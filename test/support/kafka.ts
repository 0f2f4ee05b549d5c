/** A Kafka REST endpoint for tests, in the Upstash dialect: a real HTTP server outside the Worker.
 *
 *  `POST /produce` appends to the topic's log. `PUT /fate` with a JSON text sets how requests fare from
 *  then on: `up`, `down` (503), `hang`, `half` (writes the first half, then cuts the connection), `lost`
 *  (writes all, then cuts), `denied` (401), `slow` (takes half a second), and `poison:TEXT` (400 when a value holds the text).
 *  `GET /log` tells what was written, in order, and how many requests there were. */
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
    const records = JSON.parse(body) as StreamLog["records"];
    log.requests.push(records.map(({ key }) => key));
    const [kind, poison = ""] = fate.split(":");
    if (kind === "hang") return;
    if (kind === "slow") await new Promise((resolve) => setTimeout(resolve, 500));
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
