// A Kafka REST endpoint in the Upstash form that keeps what is produced in memory, in order, and can
// be made to fail. One partition: what is looked at is the order of each key.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import {
  BadRequest,
  type RequestedRecord,
  readProduceRequest,
} from "../../scripts/kafka/produce-request.ts";
import type { Outage } from "../plan/plan.ts";
import type { KafkaView } from "../world.ts";
import { listen } from "./listen.ts";

/** How requests fare: as usual, or as in an outage. */
type Mode = "up" | Outage;

export type SimulatedKafka = KafkaView & { url: string; fare(mode: Mode): void; close(): void };

function sendJson(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}

/**
 * Listens at a free port. `records` is what was written. `fare(mode)` sets how requests fare: `up`, `down`
 * (503), `lost` (written, and the line is cut before the answer), `hang` (not written and never answered).
 */
export async function startKafka(): Promise<SimulatedKafka> {
  const kafka: KafkaView = { records: [], failed: 0, refused: [] };
  let mode: Mode = "up";

  async function produce(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const messages = readProduceRequest(await text(request));
    if (mode !== "up") kafka.failed++;
    if (mode === "hang") return;
    if (mode === "down") return sendJson(response, 503, { error: "down", status: 503 });
    const first = kafka.records.length;
    kafka.records.push(
      ...messages.map(({ key, value, headers }) => ({
        key,
        value,
        headers: namesOf(headers),
        partition: 0,
      })),
    );
    if (mode === "lost") return void response.destroy();
    const offsets = messages.map(({ topic }, at) => ({ topic, partition: 0, offset: first + at }));
    sendJson(response, 200, offsets);
  }

  const server = createServer((request, response) => {
    produce(request, response).catch((error) => {
      if (!(error instanceof BadRequest)) return void response.destroy();
      kafka.refused.push(error.message);
      sendJson(response, 400, { error: error.message, status: 400 });
    });
  });
  const fare = (wanted: Mode) => {
    mode = wanted;
  };
  return Object.assign(kafka, { fare, ...(await listen(server)) });
}

function namesOf(headers: RequestedRecord["headers"]): Record<string, string> {
  return Object.fromEntries(headers.map(([name, value]) => [name.toString(), value.toString()]));
}
