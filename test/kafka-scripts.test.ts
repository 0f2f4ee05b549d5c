/** The parts of the Kafka scripts that need no Kafka: what the gateway takes for a request, and what the
 *  end-to-end test takes for a fault. A judge that lets everything pass would prove nothing. */
import { expect, it } from "vitest";
import { readProduceRequest } from "../scripts/kafka/produce-request";
import { judge, type TopicRecord } from "../scripts/kafka/verdict";

const topic = "tx";

it("A produce request has one message or many, with all optional fields", () => {
  const [one] = readProduceRequest('{"topic":"tx","value":"é","key":null}');
  expect(one).toMatchObject({ topic, value: Buffer.from("é"), headers: [] });
  expect(one?.key).toBeUndefined();
  const headers = [{ key: "a", value: "1" }];
  const full = { topic, value: "v", key: "k", headers, partition: 2, timestamp: 1_700_000_000_000 };
  const [first, second] = readProduceRequest(JSON.stringify([full, { topic, value: "" }]));
  expect(first).toMatchObject({
    key: Buffer.from("k"),
    partition: 2,
    timestamp: 1_700_000_000_000,
  });
  expect(first?.headers).toEqual([[Buffer.from("a"), Buffer.from("1")]]);
  expect(second?.value).toHaveLength(0);
});

it.each([
  ["no JSON", "{"],
  ["nothing", "[]"],
  ["a number", "1"],
  ["no topic", '{"value":"v"}'],
  ["a topic with a space", '{"topic":"a b","value":"v"}'],
  ["no value", '{"topic":"tx"}'],
  ["a value that is no string", '{"topic":"tx","value":{}}'],
  ["a key that is no string", '{"topic":"tx","value":"v","key":1}'],
  ["headers without a value", '{"topic":"tx","value":"v","headers":[{"key":"a"}]}'],
  ["half a partition", '{"topic":"tx","value":"v","partition":0.5}'],
  ["a negative time", '{"topic":"tx","value":"v","timestamp":-1}'],
  ["an unknown field", '{"topic":"tx","value":"v","kee":"k"}'],
  ["a wrong one among right ones", '[{"topic":"tx","value":"v"},null]'],
])("A malformed produce request is refused: %s", (_, text) => {
  expect(() => readProduceRequest(text)).toThrow();
});

function read(id: string, sequence: number, change: Partial<TopicRecord> = {}): TopicRecord {
  const value = Buffer.from(JSON.stringify({ id, sequence }));
  return { partition: 0, key: Buffer.from("k"), value, headers: {}, ...change };
}

const expected = new Map(
  [1, 2, 3].map((sequence) => [`e${sequence}`, { key: "k", sequence, check: () => null }]),
);
const verdictOn = (records: TopicRecord[]) =>
  judge(expected, records, ({ value }) => JSON.parse(value.toString()));
const [e1, e2, e3] = [read("e1", 1), read("e2", 2), read("e3", 3)];

it("The check of a topic accepts repeated records if their first copies are in order", () => {
  const verdict = verdictOn([e1, e2, e1, e2, e3]);
  expect(verdict.problems).toEqual([]);
  expect(verdict).toMatchObject({ sent: 3, received: 5, duplicates: 2, order_violations: 0 });
});

it.each<[string, TopicRecord[]]>([
  ["an event that is missing", [e1, e2]],
  ["first times out of order", [e1, e3, e2]],
  ["a record that was not sent", [e1, e2, e3, read("e4", 4)]],
  ["other bytes the second time", [e1, e2, e3, read("e3", 3, { headers: { a: "1" } })]],
  ["another key", [e1, e2, read("e3", 3, { key: Buffer.from("K") })]],
  ["one key in two partitions", [e1, e2, read("e3", 3, { partition: 1 })]],
  ["another number", [e1, e2, read("e3", 4)]],
])("The check of a topic reports %s", (_, records) => {
  expect(verdictOn(records).problems).not.toEqual([]);
});
