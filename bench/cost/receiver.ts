// A receiver of webhooks on this machine that accepts everything and counts it.
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export type Receiver = {
  url: string;
  /** Deliveries, each counted once, and all attempts at them. */
  read(): { deliveries: number; attempts: number };
  end(): void;
};

export async function startReceiver(): Promise<Receiver> {
  const ids = new Set<string>();
  let attempts = 0;
  const server = createServer((request, response) => {
    request.resume();
    request.on("end", () => {
      ids.add(String(request.headers["webhook-id"]));
      attempts += 1;
      response.writeHead(204).end();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo; // It listens on a port.
  return {
    url: `http://127.0.0.1:${port}/webhooks`,
    read: () => ({ deliveries: ids.size, attempts }),
    end() {
      server.closeAllConnections();
      server.close();
    },
  };
}
