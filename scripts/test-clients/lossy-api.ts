// An API that is in front of the real one and fails as networks and servers do: the real API handles the first create and
// its response is lost, the second attempt gets 429, the third 503. Everything else passes.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

const CREATE = "/api/v1/transactions";
const RETRY_AFTER_S = "1";

/** A create as it arrived; `status` is null if its response was lost. */
export type Attempt = { key: string; body: string; status: number | null; isReplayed: boolean };

export type LossyApi = {
  base: string;
  attempts: Attempt[];
  /** Ends it with its open connections. */
  close(): Promise<void>;
};

const FAILURES = [
  null,
  { status: 429, title: "Too many requests", code: "rate_limited" },
  { status: 503, title: "A dependency is unavailable", code: "unavailable" },
] as const;

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}

/** Header fields that describe the connection or the encoding of the body, which is another one here. */
const OWN_FIELDS = ["connection", "content-length", "content-encoding", "transfer-encoding"];

async function forward(base: string, request: IncomingMessage, body: string) {
  const { method = "GET", url = "/" } = request;
  const headers = new Headers();
  for (const [name, value] of Object.entries(request.headers)) {
    if (typeof value === "string" && ![...OWN_FIELDS, "host"].includes(name)) {
      headers.set(name, value);
    }
  }
  const hasBody = method !== "GET" && body !== "";
  const response = await fetch(base + url, { method, headers, ...(hasBody ? { body } : {}) });
  const fields = [...response.headers].filter(([name]) => !OWN_FIELDS.includes(name));
  return { status: response.status, headers: fields, text: await response.text() };
}

/** Starts it in front of the API at `target`, an address without a slash at its end. */
export async function startLossyApi(target: string): Promise<LossyApi> {
  const attempts: Attempt[] = [];

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readBody(request);
    const isCreate = request.method === "POST" && request.url === CREATE;
    const failure = isCreate ? FAILURES[attempts.length] : undefined;
    const attempt = { key: String(request.headers["idempotency-key"]), body };
    if (failure) {
      const { status } = failure;
      attempts.push({ ...attempt, status, isReplayed: false });
      const problem = {
        type: "about:blank",
        detail: failure.title,
        request_id: "req_1",
        ...failure,
      };
      const headers = { "content-type": "application/problem+json", "retry-after": RETRY_AFTER_S };
      response.writeHead(status, headers).end(JSON.stringify(problem));
      return;
    }
    // The place of the attempt is taken before the API responds.
    const kept: Attempt = { ...attempt, status: null, isReplayed: false };
    if (isCreate) attempts.push(kept);
    const answer = await forward(target, request, body);
    if (failure === null) {
      response.destroy();
      return;
    }
    kept.status = answer.status;
    kept.isReplayed = answer.headers.some(([name]) => name === "idempotent-replayed");
    response.writeHead(answer.status, Object.fromEntries(answer.headers)).end(answer.text);
  }

  const server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => response.destroy(error as Error));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    base: `http://127.0.0.1:${port}`,
    attempts,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** What is wrong with the attempts of a client that should have made one payment; empty if nothing is. */
export function findFaults(attempts: readonly Attempt[]): string[] {
  const distinct = (values: unknown[]) => [...new Set(values)];
  const statuses = attempts.map(({ status }) => status ?? "lost").join(", ");
  const last = attempts.at(-1);
  return [
    ...(statuses === "lost, 429, 503, 201" ? [] : [`The attempts were ${statuses}.`]),
    ...(distinct(attempts.map(({ key }) => key)).length === 1 ? [] : ["The keys differ."]),
    ...(distinct(attempts.map(({ body }) => body)).length === 1 ? [] : ["The bodies differ."]),
    ...(last?.isReplayed ? [] : ["The last response is not the one of the first payment."]),
  ];
}
