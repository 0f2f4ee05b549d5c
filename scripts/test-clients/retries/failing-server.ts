// A server that fails in the ways that matter to a client that retries; records the attempts of each client.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

type Response = {
  /** null if the connection is closed without a response. */
  status: number | null;
  retryAfterS: number | null;
  /** The attempts after the first get 201. */
  once: boolean;
};

/** How the server fails. */
export const FAILURES = {
  "429": { status: 429, retryAfterS: 2, once: true },
  "503": { status: 503, retryAfterS: 2, once: true },
  "500": { status: 500, retryAfterS: null, once: true },
  lost: { status: null, retryAfterS: null, once: true },
  down: { status: 503, retryAfterS: 1, once: false },
  "202": { status: 202, retryAfterS: 1, once: false },
  "409": { status: 409, retryAfterS: null, once: false },
} as const satisfies Record<string, Response>;

export type Failure = keyof typeof FAILURES;
export type Attempt = { at_ms: number; key: string; body: string };

export type FailingServer = {
  base: string;
  /** The POSTs of a client to the address of a failure. */
  attempts(client: string, failure: Failure): Attempt[];
  close(): Promise<void>;
};

/** Starts it. A GET gets 200, so that a client has a connection to use again, as it has in a service. */
export async function startFailingServer(): Promise<FailingServer> {
  const attempts = new Map<string, Attempt[]>();
  const server = createServer((request, response) => {
    const { method, url = "" } = request;
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      if (method !== "POST") {
        response.writeHead(200, { "content-type": "application/json" }).end("{}");
        return;
      }
      const kept = attempts.get(url) ?? [];
      attempts.set(url, kept);
      const body = Buffer.concat(chunks).toString("utf8");
      const key = String(request.headers["idempotency-key"]);
      kept.push({ at_ms: performance.now(), key, body });
      const failure: Response = FAILURES[url.split("/").at(-1) as Failure];
      const isPast = failure.once && kept.length > 1;
      const status = isPast ? 201 : failure.status;
      if (status === null) {
        request.socket.destroy();
        return;
      }
      const type = status < 400 ? "application/json" : "application/problem+json";
      const { retryAfterS } = failure;
      const after = isPast || retryAfterS === null ? {} : { "retry-after": `${retryAfterS}` };
      response.writeHead(status, { "content-type": type, ...after }).end("{}");
    });
  });
  // No connection is closed between two calls of a client.
  server.keepAliveTimeout = 600_000;
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    base: `http://127.0.0.1:${port}`,
    attempts: (client, failure) => attempts.get(`/${client}/${failure}`) ?? [],
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
