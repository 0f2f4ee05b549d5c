// The project's gateway as a process that a test may kill and start again.
import { join } from "node:path";
import { projectNode, ROOT } from "../install.mjs";
import { type Child, startChild } from "../processes/child-process.ts";
import { freePort } from "../processes/free-port.ts";
import { until } from "../processes/wait.ts";
import type { RestServer } from "./servers.ts";

const START_LIMIT_MS = 30_000;
const CREDENTIALS = { username: "kafka-test", password: "a:password" };

/** Starts a gateway to `bootstrap`. */
export async function startGateway(bootstrap: string): Promise<RestServer> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const env = {
    KAFKA_BOOTSTRAP: bootstrap,
    HOST: "127.0.0.1",
    PORT: String(port),
    GATEWAY_USERNAME: CREDENTIALS.username,
    GATEWAY_PASSWORD: CREDENTIALS.password,
  };
  let child: Child;
  const start = async () => {
    child = startChild(projectNode(), [join(ROOT, "scripts", "kafka-gateway.ts")], { env });
    const isUp = async () => (await fetch(`${url}/health`)).ok;
    await until(isUp, "the gateway answered", START_LIMIT_MS, child);
  };
  await start();
  return { name: "this project's gateway", url, ...CREDENTIALS, start, kill: () => child.kill() };
}
