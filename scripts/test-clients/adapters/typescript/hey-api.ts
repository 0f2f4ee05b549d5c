import * as sdk from "./generated";
import { client } from "./generated/client.gen";
import { type Answer, BASE, check, isReplayed, KEY } from "./scenario";

client.setConfig({ baseUrl: BASE, auth: KEY });
type Said = { data?: sdk.Transaction | sdk.Refund; error?: sdk.Problem; response?: Response };
const answer = ({ data, error, response }: Said): Answer => ({
  status: response?.status ?? 0,
  code: error?.code,
  pointers: error?.errors?.map(({ pointer }) => pointer),
  id: data?.id,
  minor: data?.amount_minor,
  state: data?.status,
  isReplayed: isReplayed(response?.headers),
});

await check({
  create: async (key, amount) =>
    answer(
      await sdk.createTransaction({
        headers: { "Idempotency-Key": key },
        body: { user_id: "user_1", amount },
      }),
    ),
  process: async (id) => answer(await sdk.processTransaction({ path: { id } })),
  get: async (id) => answer(await sdk.getTransaction({ path: { id } })),
  refund: async (id, key, amount) =>
    answer(
      await sdk.createRefund({
        path: { id },
        headers: { "Idempotency-Key": key },
        body: { amount },
      }),
    ),
  list: async (cursor) => {
    const query = { limit: 2, ...(cursor ? { cursor } : {}) };
    const { data } = await sdk.listTransactions({ query });
    return { ids: data?.data.map(({ id }) => id) ?? [], next: data?.next_cursor ?? null };
  },
  createEndpoint: async (url) => (await sdk.createWebhookEndpoint({ body: { url } })).data?.secret,
  addRule: async (id, above) => {
    const { data: read } = await sdk.getRiskRules();
    if (!read) throw new Error("no rules");
    const rules = [...read.rules, { id, points: 1, when: { amount: { above } } }];
    const { data } = await sdk.replaceRiskRules({ body: { ...read, rules } });
    return data?.rules.at(-1)?.when.amount?.above;
  },
});
