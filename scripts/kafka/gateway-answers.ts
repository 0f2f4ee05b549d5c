// Checks what the gateway answers to invalid requests, to the last published client of the form it
// accepts, and while the broker is down.
import { Kafka } from "@upstash/kafka";
import { SEND } from "./dialects.ts";
import { readTopic } from "./reader.ts";
import type { Cluster, Restartable, RestServer } from "./servers.ts";

type Init = { method?: string; body?: string; password?: string };

const MANY = 50;
const TOO_LARGE_BYTES = 9 * 1024 * 1024;

function must(condition: boolean, what: string): void {
  if (!condition) throw new Error(what);
}

async function statusOf(
  server: RestServer,
  path: string,
  { password = server.password ?? "", ...init }: Init = {},
): Promise<number> {
  const authorization = `Basic ${Buffer.from(`${server.username}:${password}`).toString("base64")}`;
  const response = await fetch(server.url + path, { headers: { authorization }, ...init });
  const body = (await response.json()) as { error?: unknown; status?: unknown };
  const isAsPublished = typeof body.error === "string" && body.status === response.status;
  must(response.ok || isAsPublished, `${path}: the error has another form`);
  return response.status;
}

async function checkRefusals(server: RestServer, topic: string): Promise<void> {
  const post = (body: string) => ({ method: "POST", body });
  const value = (text: string) => JSON.stringify({ topic, value: text });
  const cases: [status: number, path: string, init?: Init][] = [
    [200, "/health"],
    [401, "/produce", { ...post(value("x")), password: "wrong" }],
    [400, "/produce", post("{")],
    [400, "/produce", post(JSON.stringify({ topic }))],
    [400, "/produce", post("[]")],
    [404, "/nothing"],
    [405, "/produce"],
    [413, "/produce", post(value("x".repeat(TOO_LARGE_BYTES)))],
  ];
  for (const [wanted, path, init] of cases) {
    const status = await statusOf(server, path, init);
    must(status === wanted, `${init?.method ?? "GET"} ${path} answered ${status}, not ${wanted}`);
  }
}

/** One request with many records of one key, and the published client's two calls. */
async function checkOrderAndClient(
  cluster: Cluster,
  server: RestServer,
  topic: string,
): Promise<void> {
  const many = Array.from({ length: MANY }, (_, index) => ({ key: "one", value: String(index) }));
  const answer = await SEND.upstash(server, topic, many);
  must(answer.isConfirmed, `a request was not confirmed: ${JSON.stringify(answer)}`);
  const { url, username = "", password = "" } = server;
  const producer = new Kafka({ url, username, password }).producer();
  const headers = [{ key: "h", value: "1" }];
  const one = await producer.produce(topic, { a: 1 }, { key: "client", headers });
  const two = await producer.produceMany([
    { topic, value: "2", key: "client" },
    { topic, value: { a: 3 }, key: "client" },
  ]);
  must(two.length === 2 && two[0]?.offset === one.offset + 1, "the client got other offsets");

  const records = await readTopic(cluster, topic);
  const valuesOf = (key: string) =>
    records.filter((at) => at.key?.toString() === key).map((at) => at.value.toString());
  const inOrder = JSON.stringify(valuesOf("one")) === JSON.stringify(many.map((at) => at.value));
  must(inOrder, "the records of one request are not in its order");
  const client = JSON.stringify(valuesOf("client"));
  must(client === JSON.stringify(['{"a":1}', "2", '{"a":3}']), `the client wrote ${client}`);
}

/** While the broker is down nothing is confirmed; the gateway recovers without a restart. */
async function checkOutage(broker: Restartable, server: RestServer, topic: string): Promise<void> {
  await broker.kill();
  const value = JSON.stringify({ topic, value: "during the outage" });
  const status = await statusOf(server, "/produce", { method: "POST", body: value });
  const health = await statusOf(server, "/health");
  await broker.start();
  must(status === 503, `without a broker /produce answered ${status}`);
  must(health === 503, `without a broker /health answered ${health}`);
  const again = await SEND.upstash(server, topic, [{ key: "one", value: "after" }]);
  must(again.isConfirmed, `after the outage: ${JSON.stringify(again)}`);
}

/** Checks all of it; gives what was checked, or throws what is wrong. */
export async function checkAnswers(
  cluster: Cluster,
  server: RestServer,
  topic: string,
): Promise<string> {
  await checkRefusals(server, topic);
  await checkOrderAndClient(cluster, server, topic);
  if (!cluster.breakable) return "refusals, order in a request, @upstash/kafka";
  await checkOutage(cluster.breakable, server, topic);
  return "refusals, order in a request, @upstash/kafka, 503 in an outage";
}
