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

/** Everything the cases share in one server's life. `customers`: how many there are to choose from. */
export type Context = { key: string; run: string; made: number; ids: string[]; customers: number };

type Case = (context: Context) => CaseRequest;
type Follow = (id: string) => CaseRequest;

export const PATH = "/api/v1/transactions";
/** Enough customers that velocity windows stay short, few enough that they are seen again. */
const CUSTOMERS = 10_000;
/** `get` draws from this many ids, so that it reads rows of every age and not one hot row. */
const IDS_KEPT = 10_000;
/** The most that a batch may have. */
const BATCH_ITEMS = 100;
/** Ids made ahead when no create case ran before `get` and `list`. */
export const IDS_WANTED = 500;

type NewContext = { key: string; run: string; customers?: number };

export function newContext({ key, run, customers = CUSTOMERS }: NewContext): Context {
  return { key, run, made: 0, ids: [], customers };
}

export const CASES = {
  hello: (): CaseRequest => ({ method: "GET", path: "/__bench/hello", status: 200 }),
  "d1-insert": (): CaseRequest => ({ method: "POST", path: "/__bench/d1", status: 200 }),
  create: (context: Context) => create(context),
  "create+process": (context: Context) => create(context, "", (id) => process(context, id)),
  pay: (context: Context) => pay(context),
  batch: (context: Context) => batch(context),
  get: (context: Context) => read(context, `${PATH}/${pick(context.ids)}`),
  list: (context: Context) => read(context, `${PATH}?limit=10`),
} satisfies Record<string, Case>;

export type CaseName = keyof typeof CASES;
export const CASE_NAMES = Object.keys(CASES) as CaseName[]; // A literal has no other keys.

/** Units of work in each turn of a case that has several: a unit is a transaction. */
export const UNITS: Partial<Record<CaseName, number>> = { batch: BATCH_ITEMS };
/** Connection counts of cases that are not meant for many, unless others are given. */
export const OWN_CONNECTIONS: Partial<Record<CaseName, number[]>> = { batch: [8] };

/** Cases that the peer (bench/peer) has too. */
export const PEER_CASES: CaseName[] = ["create+process", "create", "get"];

/** Cases that read what an earlier create wrote. */
export const NEEDS_IDS = new Set<CaseName>(["get", "list"]);

/** Cases of several requests, which report each request by its label too. */
export const LABELS: Partial<Record<CaseName, string[]>> = {
  "create+process": ["create", "process"],
};

/** @param members of the body besides those of a payment, each after a comma
 *  @param follow the request that follows */
export function create(context: Context, members = "", follow?: Follow): CaseRequest {
  const key = newKey(context);
  return {
    label: "create",
    method: "POST",
    path: PATH,
    headers: [...jsonHeaders(context), "idempotency-key", key],
    body: `{${newPayment(context)}${members}}`,
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

/** What `create+process` does, in one request. */
function pay(context: Context): CaseRequest {
  const { afterwards, ...request } = create(context, `,"process":true`);
  return {
    ...request,
    label: "pay",
    afterwards(text) {
      requireCompleted(text);
      return afterwards?.(text);
    },
  };
}

function batch(context: Context): CaseRequest {
  const items = Array.from(
    { length: BATCH_ITEMS },
    () => `{"idempotency_key":"${newKey(context)}",${newPayment(context)}}`,
  );
  return {
    label: "batch",
    method: "POST",
    path: `${PATH}/batch`,
    headers: jsonHeaders(context),
    body: `{"items":[${items.join(",")}]}`,
    status: 200,
    afterwards(text) {
      const created = text.split('"status":201').length - 1;
      if (created !== BATCH_ITEMS) throw new Error(`${created} of ${BATCH_ITEMS} were created`);
      return undefined;
    },
  };
}

function newKey(context: Context): string {
  context.made += 1;
  return `bench-${context.run}-${context.made}`;
}

/** The members of a payment of one of the customers. */
function newPayment({ customers }: Context): string {
  const customer = Math.floor(Math.random() * customers);
  return `"user_id":"customer_${customer}","amount":10.50,"currency":"USD"`;
}

export const jsonHeaders = ({ key }: Context): string[] => [
  ...["authorization", `Bearer ${key}`],
  ...["content-type", "application/json"],
];

/** A declined charge has the same status, but is cheaper than what the bench means to measure. */
function requireCompleted(text: string): void {
  if (!text.includes('"status":"completed"')) throw new Error(`not completed: ${text}`);
}

function process(context: Context, id: string): CaseRequest {
  return {
    label: "process",
    method: "POST",
    path: `${PATH}/${id}/process`,
    headers: ["authorization", `Bearer ${context.key}`],
    status: 200,
    afterwards(text) {
      requireCompleted(text);
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
