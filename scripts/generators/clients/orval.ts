import * as api from "./generated/api";
import { type Answer, check, KEY } from "./scenario";

const headers = { Authorization: `Bearer ${KEY}` };
const payment = ({
  status,
  data,
}: {
  status: number;
  data: api.Transaction | api.Problem;
}): Answer =>
  "code" in data
    ? { status, code: data.code }
    : { status, id: data.id, minor: data.amount_minor, state: data.status };

await check({
  create: async (key, amount) =>
    payment(
      await api.createTransaction(
        { user_id: "user_1", amount },
        { headers: { ...headers, "Idempotency-Key": key } },
      ),
    ),
  process: async (id) => payment(await api.processTransaction(id, { headers })),
  get: async (id) => payment(await api.getTransaction(id, { headers })),
  list: async (cursor) => {
    const query = { limit: 2, ...(cursor ? { cursor } : {}) };
    const answer = await api.listTransactions(query, { headers });
    if (answer.status !== 200) throw new Error(answer.data.detail);
    return { ids: answer.data.data.map(({ id }) => id), next: answer.data.next_cursor };
  },
  createEndpoint: async (url) => {
    const answer = await api.createWebhookEndpoint({ url }, { headers });
    return answer.status === 201 ? answer.data.secret : answer.data.detail;
  },
  addRule: async (id, above) => {
    const read = await api.getRiskRules(undefined, { headers });
    if (read.status !== 200) throw new Error(read.data.detail);
    const rules = [...read.data.rules, { id, points: 1, when: { amount: { above } } }];
    const answer = await api.replaceRiskRules({ ...read.data, rules }, { headers });
    return answer.status === 200 ? answer.data.rules.at(-1)?.when.amount?.above : answer.data;
  },
});
