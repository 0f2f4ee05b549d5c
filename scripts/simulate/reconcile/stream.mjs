// Whether every event is in the Kafka topic at least once, each transaction's first times in order,
// with the data that the API tells. Pure.
import { judge } from "../../kafka/verdict.ts";
import { checkOf, identifyCloudEvent } from "../../kafka/worker.ts";

function checkFor(event, merchant) {
  const check = checkOf(event);
  return (record, value) => {
    if (value.merchantid !== merchant.id) return `merchantid is ${value.merchantid}`;
    return check(record, value);
  };
}

/** The verdict on the topic, as `judge` gives it. */
export function judgeStream({ merchants, kafka }) {
  const expected = new Map();
  for (const merchant of merchants) {
    for (const event of [...merchant.logs.values()].flat()) {
      const { id, sequence, transaction_id } = event;
      expected.set(id, { key: transaction_id, sequence, check: checkFor(event, merchant) });
    }
  }
  return judge(expected, kafka.records, identifyCloudEvent);
}

/** The differences between events and the topic: `{ area, text }`. */
export function reconcileStream(world) {
  const refused = world.kafka.refused.map((text) => `a request made no sense: ${text}`);
  return [...judgeStream(world).problems, ...refused].map((text) => ({ area: "kafka", text }));
}
