// Where the simulation's own servers listen: a free port of this machine.
import { HOST } from "../local/local-deployment.ts";

/** Has `server` listen; gives its `url` and what ends it, with all connections. */
export async function listen(server) {
  await new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, HOST, resolve);
  });
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  return { url: `http://${HOST}:${server.address().port}`, close };
}
