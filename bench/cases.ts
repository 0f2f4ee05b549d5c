// What each case sends. A case is a function that makes one unit of work: a request, which may
// name the request that follows it on the same connection. It must not know how requests are sent.

/** A request, raw for undici. `afterwards` may name the request that follows it on the same connection. */
export type CaseRequest = {
  /** Reported apart from the other requests of its unit. */
  label?: string;
  method: "GET" | "POST";
  path: string;
  headers?: string[];
  body?: string;
  /** Any other answer is an error. */
  status: number;
  afterwards?: (text: string) => CaseRequest | undefined;
};

/** Everything the cases share in one server's life. */
export type Context = { key: string; run: string; made: number; ids: string[] };

type Case = (context: Context) => CaseRequest;
type Follow = (id: string) => CaseRequest;

/** Enough customers that velocity windows stay short, few enough that they are seen again. */
const CUSTOMERS = 10_000;
/** `get` draws from this many ids, so that it reads rows of every age and not one hot row. */
const IDS_KEPT = 10_000;
/** Ids made ahead when no create case ran before `get` and `list`. */
export const IDS_WANTED = 500;

export function newContext({ key, run }: { key: string; run: string }): Context {
  return { key, run, made: 0, ids: [] };
}

export const CASES = {
  hello: (): CaseRequest => ({ method: "GET", path: "/__bench/hello", status: 200 }),
  "d1-insert": (): CaseRequest => ({ method: "POST", path: "/__bench/d1", status: 200 }),
  create: (context: Context) => create(context),
  "create+process": (context: Context) => create(context, (id) => process(context, id)),
  get: (context: Context) => read(context, `/api/v1/transactions/${pick(context.ids)}`),
  list: (context: Context) => read(context, "/api/v1/transactions?limit=10"),
} satisfies Record<string, Case>;

export type CaseName = keyof typeof CASES;
export const CASE_NAMES = Object.keys(CASES) as CaseName[]; // A literal has no other keys.

/** Cases that the peer (bench/peer) has too. */
export const PEER_CASES: CaseName[] = ["create+process", "create", "get"];

/** Cases that read what an earlier create wrote. */
export const NEEDS_IDS = new Set<CaseName>(["get", "list"]);

/** Cases of several requests, which report each request by its label too. */
export const LABELS: Partial<Record<CaseName, string[]>> = {
  "create+process": ["create", "process"],
};

function create(context: Context, follow?: Follow): CaseRequest {
  context.made += 1;
  const customer = Math.floor(Math.random() * CUSTOMERS);
  return {
    label: "create",
    method: "POST",
    path: "/api/v1/transactions",
    headers: [
      "authorization",
      `Bearer ${context.key}`,
      "content-type",
      "application/json",
      "idempotency-key",
      `bench-${context.run}-${context.made}`,
    ],
    body: `{"user_id":"customer_${customer}","amount":10.50,"currency":"USD"}`,
    status: 201,
    // The id is cut out of the text: parsing the whole answer would cost the load generator
    // more than sending the request does.
    afterwards(text) {
      const id = /"id":"(txn_[^"]+)"/.exec(text)?.[1];
      if (id === undefined) throw new Error("the answer to a create holds no transaction id");
      if (context.ids.length < IDS_KEPT) context.ids.push(id);
      else context.ids[context.made % IDS_KEPT] = id;
      return follow?.(id);
    },
  };
}

function process(context: Context, id: string): CaseRequest {
  return {
    label: "process",
    method: "POST",
    path: `/api/v1/transactions/${id}/process`,
    headers: ["authorization", `Bearer ${context.key}`],
    status: 200,
    // A declined charge is a 200 as well, but a cheaper one than the bench means to measure.
    afterwards(text) {
      if (!text.includes('"status":"completed"')) throw new Error(`not completed: ${text}`);
      return undefined;
    },
  };
}

function read(context: Context, path: string): CaseRequest {
  return { method: "GET", path, headers: ["authorization", `Bearer ${context.key}`], status: 200 };
}

function pick(list: string[]): string {
  return list[Math.floor(Math.random() * list.length)] ?? "";
}
