// `npm run kafka:broker`: a real Apache Kafka on this machine, to see events arrive in. What it
// holds is deleted when it stops.
import { startBridge, whyNoBridge } from "./kafka/bridge.ts";
import { startBroker } from "./kafka/broker.ts";
import { whyNoBroker } from "./kafka/jars.ts";
import type { Stoppable } from "./kafka/servers.ts";
import { errorMessage } from "./processes/errors.ts";

const PORT_DEFAULT = "9092";
const PORT_MAX = 65_535;

function parsePort(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= PORT_MAX) return port;
  throw new Error(`KAFKA_PORT must be a number up to ${PORT_MAX}; it is "${text}".`);
}

const running: Stoppable[] = [];

/** Ends what runs, in the reverse of the order in which it was started. */
async function stop(): Promise<void> {
  for (const one of running.toReversed()) await one.stop();
  process.exit(0);
}

async function serve(): Promise<void> {
  const port = parsePort(process.env.KAFKA_PORT || PORT_DEFAULT);
  const why = await whyNoBroker();
  if (why)
    throw new Error(`No broker can be started: ${why}. It takes Java 17 or newer and Maven.`);
  const broker = await startBroker(port);
  running.push(broker);
  console.log(`${broker.name} is up. Ctrl-C stops it, and what it holds goes.`);
  console.log(`KAFKA_BOOTSTRAP=${broker.bootstrap}`);
  if (process.env.KAFKA_BRIDGE_HOME) {
    if (whyNoBridge()) throw new Error(`No bridge can be started: ${whyNoBridge()}.`);
    const bridge = await startBridge(broker.bootstrap);
    running.push(bridge);
    console.log(`${bridge.name} is up.\nKAFKA_REST_URL=${bridge.url}`);
  }
  await Promise.race(running.map((one) => one.exited()));
}

// Whatever is still starting ends with this process.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.once(signal, stop);
// Only under npm: a server started from a shell may well outlive that shell.
if (process.env.npm_lifecycle_event) await import("./processes/lifeline.ts");

try {
  await serve();
  process.exit(0);
} catch (error) {
  console.error(errorMessage(error));
  process.exit(1);
}
