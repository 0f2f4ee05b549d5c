import * as api from "./generated/api";
import { type Answer, check, isReplayed, KEY } from "./scenario";

const headers = { Authorization: `Bearer ${KEY}` };
type Said = {
  status: number;
  data: api.Transaction | api.Refund | api.Problem;
  headers: Headers;
};
const answer = ({ status, data, headers }: Said): Answer =>
  "code" in data
    ? {
        status,
        code: data.code,
        pointers: data.errors?.map(({ pointer }) => pointer),
        isReplayed: false,
      }
    : {
        status,
        id: data.id,
        minor: data.amount_minor,
        state: data.status,
        isReplayed: isReplayed(headers),
      };

await check({
  create: async (key, amount) =>
    answer(
      await api.createTransaction(
        { user_id: "user_1", amount },
        { headers: { ...headers, "Idempotency-Key": key } },
      ),
    ),
  process: async (id) => answer(await api.processTransaction(id, { headers })),
  get: async (id) => answer(await api.getTransaction(id, { headers })),
  refund: async (id, key, amount) =>
    answer(
      await api.createRefund(id, { amount }, { headers: { ...headers, "Idempotency-Key": key } }),
    ),
  list: async (cursor) => {
    const query = { limit: 2, ...(cursor ? { cursor } : {}) };
    const said = await api.listTransactions(query, { headers });
    if (said.status !== 200) throw new Error(said.data.detail);
    return { ids: said.data.data.map(({ id }) => id), next: said.data.next_cursor };
  },
  createEndpoint: async (url) => {
    const said = await api.createWebhookEndpoint({ url }, { headers });
    return said.status === 201 ? said.data.secret : said.data.detail;
  },
  addRule: async (id, above) => {
    const read = await api.getRiskRules(undefined, { headers });
    if (read.status !== 200) throw new Error(read.data.detail);
    const rules = [...read.data.rules, { id, points: 1, when: { amount: { above } } }];
    const said = await api.replaceRiskRules({ ...read.data, rules }, { headers });
    return said.status === 200 ? said.data.rules.at(-1)?.when.amount?.above : said.data;
  },
});
