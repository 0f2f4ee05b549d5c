// Which Kafka the test runs against: the one that was named, a real one of its own, or the next best.

import { until } from "../processes/wait.ts";
import { answers, startBroker } from "./broker.mjs";
import { whyNoBroker } from "./jars.mjs";
import { startMock, whyNoMock } from "./mock.mjs";

const GIVEN_LIMIT_MS = 15_000;

/**
 * A cluster to test with: `{ name, bootstrap, takesTopics }`, with `kill` and `start` when it is
 * ours to break; or null and why, when there is none. `topics` are for the one that takes them at its start.
 */
export async function chooseCluster(topics) {
  const bootstrap = process.env.KAFKA_BOOTSTRAP;
  if (bootstrap) {
    const [first] = bootstrap.split(",");
    // With TLS or a password this plain question is not answered; the test itself will tell.
    const isPlain = process.env.KAFKA_TLS !== "1" && !process.env.KAFKA_SASL_USERNAME;
    if (isPlain) await until(() => answers(first), `${first} answered`, GIVEN_LIMIT_MS);
    return {
      cluster: { name: "the one that KAFKA_BOOTSTRAP names", bootstrap, takesTopics: true },
    };
  }
  const noBroker = await whyNoBroker();
  if (!noBroker) return { cluster: { ...(await startBroker()), takesTopics: true } };
  const noMock = await whyNoMock();
  if (!noMock) {
    console.log(`No real Kafka: ${noBroker}.`);
    return { cluster: { ...(await startMock(topics)), takesTopics: false } };
  }
  return { cluster: null, why: `KAFKA_BOOTSTRAP is not set, ${noBroker}, and ${noMock}` };
}
