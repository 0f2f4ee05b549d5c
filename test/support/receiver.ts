/** A webhook receiver for tests: a real HTTP server outside the Worker.
 *
 *  `POST /{name}/{steps}` plays the steps by turns, one for each attempt under a `webhook-id`, the last
 *  for all further attempts. A step is a status (`200`, `500`, `410`, `302`), `after:SECONDS` (429 with
 *  Retry-After), `hang`, `drip` (a byte now and then), `huge` (a gigabyte), `cut` (closes in the middle
 *  of its answer), `reset`, `flaky:PERCENT` (500 that often, at random), or `STATUS-BODY` (an answer with
 *  `Retry-After: 600` and one of `BODIES`, none of which can be read).
 *  `GET /{name}` returns what arrived. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import type { TestProject } from "vitest/node";
import { type Fake, sendJson, serve } from "./http-server";

const DRIP_MS = 200;
const HUGE_BYTES = 1_000_000_000;

/** What may follow the status line and be no body: headers and bytes, as they go over the wire. */
const BODIES = {
  empty_gzip: "Content-Encoding: gzip\r\nContent-Length: 0\r\n\r\n",
  no_gzip: "Content-Encoding: gzip\r\nContent-Length: 5\r\n\r\nnoted",
  cut_gzip: "Content-Encoding: gzip\r\nContent-Length: 20\r\n\r\n\x1f\x8b\x08",
  cut: "Content-Length: 100\r\n\r\nhalf",
  bad_chunk: "Transfer-Encoding: chunked\r\n\r\nxyz\r\nnoted",
  stopped: "Content-Length: 100\r\n\r\nhalf",
};

/** One attempt as it arrived. */
export type Arrival = {
  id: string;
  at_ms: number;
  headers: Record<string, string>;
  body: string;
  /** What was answered: a status, or 0 when no answer came to its end. */
  status: number;
};

export async function startReceiver(): Promise<Fake> {
  const arrived = new Map<string, Arrival[]>();
  return serve((request, response) => receive(arrived, request, response));
}

async function receive(
  arrived: Map<string, Arrival[]>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const [, name = "", steps = "200"] = (request.url ?? "").split("/");
  const seen = arrived.get(name) ?? [];
  arrived.set(name, seen);
  if (request.method === "GET") {
    sendJson(response, 200, seen);
    return;
  }
  const at_ms = Date.now();
  const body = await text(request);
  const id = String(request.headers["webhook-id"]);
  const turn = seen.filter((arrival) => arrival.id === id).length;
  const list = steps.split(",");
  const step = list[Math.min(turn, list.length - 1)] ?? "200";
  const headers = request.headers as Record<string, string>; // None of ours comes twice.
  seen.push({ id, at_ms, headers, body, status: play(step, response) });
}

/** @returns the status that is answered. */
function play(step: string, response: ServerResponse): number {
  const [kind = "", argument = ""] = step.split(":");
  const end = (status: number, headers: Record<string, string> = {}): number => {
    response.writeHead(status, headers);
    response.end("noted");
    return status;
  };
  const [status = "", unreadable = ""] = kind.split("-");
  if (Object.hasOwn(BODIES, unreadable)) {
    const head = `HTTP/1.1 ${status} Said\r\nRetry-After: 600\r\nConnection: close\r\n`;
    const bytes = BODIES[unreadable as keyof typeof BODIES]; // Has just been asked.
    const { socket } = response;
    socket?.write(Buffer.from(head + bytes, "latin1"));
    if (unreadable !== "stopped") socket?.end();
    return Number(status);
  }
  switch (kind) {
    case "hang":
      return 0;
    case "reset":
      response.destroy();
      return 0;
    case "cut":
      response.writeHead(200, { "Content-Length": "100" });
      response.write("half", () => response.destroy());
      return 0;
    case "drip": {
      response.writeHead(200);
      const drip = setInterval(() => response.write("."), DRIP_MS);
      response.on("close", () => clearInterval(drip));
      return 0;
    }
    case "huge": {
      response.writeHead(200, { "Content-Length": String(HUGE_BYTES) });
      const chunk = Buffer.alloc(65_536);
      const pour = (): void => {
        while (!response.destroyed && response.write(chunk));
      };
      response.on("drain", pour);
      pour();
      return 200;
    }
    case "after":
      return end(429, { "Retry-After": argument });
    case "flaky":
      return end(Math.random() * 100 < Number(argument) ? 500 : 200);
    case "302":
      return end(302, { Location: "/redirected/200" });
    default:
      return end(Number(kind));
  }
}

/** vitest's global set-up. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const receiver = await startReceiver();
  project.provide("receiverUrl", receiver.url);
  return receiver.close;
}

declare module "vitest" {
  interface ProvidedContext {
    receiverUrl: string;
  }
}
