// What every TypeScript client has to be able to do; each adapter says how its generated code does it.
declare const process: { env: Record<string, string> };

export const { BASE = "", KEY = "", PREFIX = "" } = process.env;

/** What a call came to: a transaction, a refund, or a problem's code and the fields that it names. */
export type Answer = {
  status: number;
  code?: string | undefined;
  pointers?: (string | undefined)[] | undefined;
  id?: string | undefined;
  minor?: number | undefined;
  state?: string | undefined;
  isReplayed: boolean;
};
export type Client = {
  create(key: string, amount: number | string): Promise<Answer>;
  process(id: string): Promise<Answer>;
  get(id: string): Promise<Answer>;
  refund(id: string, key: string, amount: string): Promise<Answer>;
  /** A page of two. */
  list(cursor?: string): Promise<{ ids: string[]; next: string | null }>;
  /** The one-time secret of the endpoint that was made. */
  createEndpoint(url: string): Promise<string | undefined>;
  /** Sends the rules back as they were read, with one more; gives what the API returns for that one. */
  addRule(id: string, above: Record<string, string>): Promise<unknown>;
};

function expect(what: string, seen: unknown, wanted: unknown): void {
  const [left, right] = [JSON.stringify(seen), JSON.stringify(wanted)];
  if (left !== right) throw new Error(`${what}: ${left} instead of ${right}`);
}

const read = ({ status, minor, state, isReplayed }: Answer) => [status, minor, state, isReplayed];

/** The header says whether it is a replay; a generated client leaves it in its `Response`. */
export const isReplayed = (headers: Headers | undefined): boolean =>
  headers?.get("Idempotent-Replayed") === "true";

async function checkPayments(client: Client): Promise<(string | undefined)[]> {
  const text = await client.create(`${PREFIX}-1`, "100.50");
  const { id = "" } = text;
  expect("create with a string", read(text), [201, 10050, "pending", false]);
  const number = await client.create(`${PREFIX}-2`, 12.5);
  expect("create with a number", read(number), [201, 1250, "pending", false]);
  const large = await client.create(`${PREFIX}-3`, "90000000.07");
  expect("create a large one", read(large), [201, 9000000007, "failed", false]);

  const again = await client.create(`${PREFIX}-1`, "100.50");
  expect("replay", [again.id, ...read(again)], [id, 201, 10050, "pending", true]);
  const other = await client.create(`${PREFIX}-1`, "999");
  const reused = [422, "idempotency_key_reused", ["#/amount"]];
  expect("reuse the key", [other.status, other.code, other.pointers], reused);

  expect("process", read(await client.process(id)), [200, 10050, "completed", false]);
  const got = await client.get(id);
  expect("get", [got.id, ...read(got)], [id, 200, 10050, "completed", false]);
  const missing = await client.get("nothing");
  expect("get what is not there", [missing.status, missing.code], [404, "transaction_not_found"]);
  const slow = await client.create(`${PREFIX}-4`, "90.12");
  const waiting = await client.process(slow.id ?? "");
  expect("process without an outcome", read(waiting), [202, 9012, "processing", false]);
  return [id, number.id, large.id, slow.id];
}

async function checkRefunds(client: Client, id: string): Promise<void> {
  const part = await client.refund(id, `${PREFIX}-r1`, "20.50");
  expect("refund a part", read(part), [201, 2050, "succeeded", false]);
  const again = await client.refund(id, `${PREFIX}-r1`, "20.50");
  const replay = [part.id, 201, 2050, "succeeded", true];
  expect("replay of the refund", [again.id, ...read(again)], replay);
  const more = await client.refund(id, `${PREFIX}-r2`, "80.01");
  expect("refund too much", [more.status, more.code], [409, "refund_exceeds_remaining"]);
}

export async function check(client: Client): Promise<void> {
  const ids = await checkPayments(client);
  await checkRefunds(client, ids[0] ?? "");

  const seen: string[] = [];
  let cursor: string | null | undefined;
  do {
    const page = await client.list(cursor ?? undefined);
    seen.push(...page.ids);
    cursor = page.next;
  } while (cursor);
  expect(
    "list",
    ids.filter((one) => !seen.includes(one ?? "")),
    [],
  );

  const secret = await client.createEndpoint("http://127.0.0.1:9/webhooks");
  expect("the endpoint's secret", secret?.startsWith("whsec_"), true);
  const above = { EUR: "4000", USD: "5000" };
  expect("a rule by currency", await client.addRule(`${PREFIX}-large`, above), above);
}
