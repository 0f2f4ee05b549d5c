// What every TypeScript client has to be able to do; each adapter says how its generated code does it.
declare const process: { env: Record<string, string> };

export const { BASE = "", KEY = "", PREFIX = "" } = process.env;

/** What a call came to: a problem's `code`, or the transaction. */
export type Answer = {
  status: number;
  code?: string | undefined;
  id?: string | undefined;
  minor?: number | undefined;
  state?: string | undefined;
};
export type Client = {
  create(key: string, amount: number | string): Promise<Answer>;
  process(id: string): Promise<Answer>;
  get(id: string): Promise<Answer>;
  /** A page of two. */
  list(cursor?: string): Promise<{ ids: string[]; next: string | null }>;
  /** The one-time secret of the endpoint that was made. */
  createEndpoint(url: string): Promise<string | undefined>;
  /** Sends the rules back as they were read, with one more; gives what that one has come back with. */
  addRule(id: string, above: Record<string, string>): Promise<unknown>;
};

function expect(what: string, seen: unknown, wanted: unknown): void {
  const [left, right] = [JSON.stringify(seen), JSON.stringify(wanted)];
  if (left !== right) throw new Error(`${what}: ${left} instead of ${right}`);
}

export async function check(client: Client): Promise<void> {
  const text = await client.create(`${PREFIX}-1`, "100.50");
  const { id = "" } = text;
  expect("create with a string", [text.status, text.minor, text.state], [201, 10050, "pending"]);
  const number = await client.create(`${PREFIX}-2`, 12.5);
  expect("create with a number", [number.status, number.minor], [201, 1250]);
  const large = await client.create(`${PREFIX}-3`, "90000000.07");
  expect("create a large one", [large.status, large.minor], [201, 9000000007]);

  const again = await client.create(`${PREFIX}-1`, "100.50");
  expect("replay", [again.status, again.id], [201, id]);
  const other = await client.create(`${PREFIX}-1`, "999");
  expect("reuse the key", [other.status, other.code], [422, "idempotency_key_reused"]);
  const processed = await client.process(id);
  expect("process", [processed.status, processed.state], [200, "completed"]);
  const got = await client.get(id);
  expect("get", [got.status, got.id, got.state], [200, id, "completed"]);
  const missing = await client.get("nothing");
  expect("get what is not there", [missing.status, missing.code], [404, "transaction_not_found"]);

  const seen: string[] = [];
  let cursor: string | null | undefined;
  do {
    const page = await client.list(cursor ?? undefined);
    seen.push(...page.ids);
    cursor = page.next;
  } while (cursor);
  expect(
    "list",
    [id, number.id, large.id].filter((one) => !seen.includes(one ?? "")),
    [],
  );

  const secret = await client.createEndpoint("http://127.0.0.1:9/nobody");
  expect("the endpoint's secret", secret?.startsWith("whsec_"), true);
  const above = { EUR: "4000", USD: "5000" };
  expect("a rule by currency", await client.addRule(`${PREFIX}-large`, above), above);
}
