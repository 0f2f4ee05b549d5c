// Which Kafka the test runs against: the one that was named, a real one of its own, or the next best.

import { until } from "../processes/wait.ts";
import { answers, startBroker } from "./broker.ts";
import { whyNoBroker } from "./jars.ts";
import { startMock, whyNoMock } from "./mock.ts";
import type { Cluster } from "./servers.ts";

const GIVEN_LIMIT_MS = 15_000;

/**
 * A cluster to test with, or why there is none. `topics` are for the one that takes them at its start.
 */
export async function chooseCluster(topics: string[]): Promise<Cluster | { why: string }> {
  const bootstrap = process.env.KAFKA_BOOTSTRAP;
  if (bootstrap) {
    const [first = ""] = bootstrap.split(",");
    // With TLS or a password this plain question is not answered; the test itself will tell.
    const isPlain = process.env.KAFKA_TLS !== "1" && !process.env.KAFKA_SASL_USERNAME;
    if (isPlain) await until(() => answers(first), `${first} answered`, GIVEN_LIMIT_MS);
    const name = "the one that KAFKA_BOOTSTRAP names";
    return { name, bootstrap, takesTopics: true, breakable: null };
  }
  const noBroker = await whyNoBroker();
  if (!noBroker) {
    const broker = await startBroker();
    return { ...broker, takesTopics: true, breakable: broker };
  }
  const noMock = await whyNoMock();
  if (!noMock) {
    console.log(`No real Kafka: ${noBroker}.`);
    return { ...(await startMock(topics)), takesTopics: false, breakable: null };
  }
  return { why: `KAFKA_BOOTSTRAP is not set, ${noBroker}, and ${noMock}` };
}
