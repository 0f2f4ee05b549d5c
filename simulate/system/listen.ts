// Where the simulation's own servers listen: a free port of this machine.
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { HOST } from "../../scripts/local/local-deployment.ts";

/** Has `server` listen, by default at a free port; gives its `url` and what ends it, with all connections. */
export async function listen(server: Server, wanted = 0): Promise<{ url: string; close(): void }> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(wanted, HOST, () => resolve());
  });
  // A connection that a server closes at the moment at which it is used again is a lost request, which no plan has.
  server.keepAliveTimeout = 0;
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  const { port } = server.address() as AddressInfo; // It listens at a port, not at a pipe.
  return { url: `http://${HOST}:${port}`, close };
}
