// What each case sends. A case is a function that makes one unit of work: a request, which may
// name the request that follows it on the same connection. It must not know how requests are sent.

/** Enough customers that velocity windows stay short, few enough that they are seen again. */
const CUSTOMERS = 10_000;
/** `get` draws from this many ids, so that it reads rows of every age and not one hot row. */
const IDS_KEPT = 10_000;
/** Ids made ahead when no create case ran before `get` and `list`. */
export const IDS_WANTED = 500;

/** Everything the cases share in one server's life. */
export function newContext({ key, run }) {
  return { key, run, made: 0, ids: [] };
}

export const CASES = {
  hello: () => ({ method: "GET", path: "/__bench/hello", status: 200 }),
  "d1-insert": () => ({ method: "POST", path: "/__bench/d1", status: 200 }),
  create: (context) => create(context),
  "create+process": (context) => create(context, (id) => process(context, id)),
  get: (context) => read(context, `/api/v1/transactions/${pick(context.ids)}`),
  list: (context) => read(context, "/api/v1/transactions?limit=10"),
};

/** Cases that read what an earlier create wrote. */
export const NEEDS_IDS = new Set(["get", "list"]);

/** Cases of several requests, which report each request by its label too. */
export const LABELS = { "create+process": ["create", "process"] };

function create(context, follow) {
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

function process(context, id) {
  return {
    label: "process",
    method: "POST",
    path: `/api/v1/transactions/${id}/process`,
    headers: ["authorization", `Bearer ${context.key}`],
    status: 200,
    // A declined charge is a 200 as well, but a cheaper one than the bench means to measure.
    afterwards(text) {
      if (!text.includes('"status":"completed"')) throw new Error(`not completed: ${text}`);
    },
  };
}

function read(context, path) {
  return { method: "GET", path, headers: ["authorization", `Bearer ${context.key}`], status: 200 };
}

function pick(list) {
  return list[Math.floor(Math.random() * list.length)];
}
