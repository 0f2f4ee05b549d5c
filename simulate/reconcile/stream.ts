// Whether every event is in the Kafka topic at least once, each transaction's first times in order,
// with the data that the API returns. Pure.
import { type ExpectedEvent, judge, type Verdict } from "../../scripts/kafka/verdict.ts";
import { checkOf, identifyCloudEvent, type ReadCloudEvent } from "../../scripts/kafka/worker.ts";
import type { Difference, MerchantView, TransactionEvent, World } from "../world.ts";

type Check = ExpectedEvent<ReadCloudEvent>["check"];

function checkFor(event: TransactionEvent, merchant: MerchantView): Check {
  const check = checkOf(event);
  return (record, value) => {
    if (value.merchantid !== merchant.id) return `merchantid is ${value.merchantid}`;
    return check(record, value);
  };
}

/** The verdict on the topic, as `judge` gives it. */
export function judgeStream({ merchants, kafka }: Pick<World, "merchants" | "kafka">): Verdict {
  const expected = new Map<string, ExpectedEvent<ReadCloudEvent>>();
  for (const merchant of merchants) {
    for (const event of [...merchant.logs.values()].flat()) {
      const { id, sequence, transaction_id } = event;
      expected.set(id, { key: transaction_id, sequence, check: checkFor(event, merchant) });
    }
  }
  return judge(expected, kafka.records, identifyCloudEvent);
}

/** The differences between events and the topic. */
export function reconcileStream(world: World): Difference[] {
  const refused = world.kafka.refused.map((text) => `a request made no sense: ${text}`);
  return [...judgeStream(world).problems, ...refused].map((text) => ({ area: "kafka", text }));
}
