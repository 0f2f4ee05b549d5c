// A Kafka REST endpoint in the Upstash form that keeps what is produced in memory, in order, and can
// be made to fail. One partition: what is looked at is the order of each key.
import { createServer } from "node:http";
import { text } from "node:stream/consumers";
import { BadRequest, readProduceRequest } from "../kafka/produce-request.ts";
import { listen } from "./listen.mjs";

function sendJson(response, status, body) {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}

/**
 * Listens at a free port. `records` is what was written. `fare(mode)` sets how requests fare: `up`, `down`
 * (503), `lost` (written, and the line is cut before the answer), `hang` (not written and never answered).
 */
export async function startKafka() {
  const kafka = { records: [], requests: 0, failed: 0, refused: [] };
  let mode = "up";

  async function produce(request, response) {
    const messages = readProduceRequest(await text(request));
    kafka.requests++;
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
    if (mode === "lost") return response.destroy();
    const offsets = messages.map(({ topic }, at) => ({ topic, partition: 0, offset: first + at }));
    sendJson(response, 200, offsets);
  }

  const server = createServer((request, response) => {
    produce(request, response).catch((error) => {
      if (!(error instanceof BadRequest)) return response.destroy();
      kafka.refused.push(error.message);
      sendJson(response, 400, { error: error.message, status: 400 });
    });
  });
  kafka.fare = (wanted) => {
    mode = wanted;
  };
  return Object.assign(kafka, await listen(server));
}

function namesOf(headers) {
  return Object.fromEntries(headers.map(([name, value]) => [name.toString(), value.toString()]));
}
