import createClient from "openapi-fetch";
import type { components, paths } from "./generated/schema";
import { type Answer, BASE, check, isReplayed, KEY } from "./scenario";

const api = createClient<paths>({ baseUrl: BASE, headers: { Authorization: `Bearer ${KEY}` } });
type Said = {
  data?: components["schemas"]["Transaction"] | components["schemas"]["Refund"];
  error?: components["schemas"]["Problem"];
  response: Response;
};
const answer = ({ data, error, response }: Said): Answer => ({
  status: response.status,
  code: error?.code,
  pointers: error?.errors?.map(({ pointer }) => pointer),
  id: data?.id,
  minor: data?.amount_minor,
  state: data?.status,
  isReplayed: isReplayed(response.headers),
});

await check({
  create: async (key, amount) =>
    answer(
      await api.POST("/api/v1/transactions", {
        params: { header: { "Idempotency-Key": key } },
        body: { user_id: "user_1", amount },
      }),
    ),
  process: async (id) =>
    answer(await api.POST("/api/v1/transactions/{id}/process", { params: { path: { id } } })),
  get: async (id) =>
    answer(await api.GET("/api/v1/transactions/{id}", { params: { path: { id } } })),
  refund: async (id, key, amount) =>
    answer(
      await api.POST("/api/v1/transactions/{id}/refunds", {
        params: { path: { id }, header: { "Idempotency-Key": key } },
        body: { amount },
      }),
    ),
  list: async (cursor) => {
    const query = { limit: 2, ...(cursor ? { cursor } : {}) };
    const { data } = await api.GET("/api/v1/transactions", { params: { query } });
    return { ids: data?.data.map(({ id }) => id) ?? [], next: data?.next_cursor ?? null };
  },
  createEndpoint: async (url) =>
    (await api.POST("/api/v1/webhook-endpoints", { body: { url } })).data?.secret,
  addRule: async (id, above) => {
    const { data: read } = await api.GET("/api/v1/risk/rules");
    if (!read) throw new Error("no rules");
    const rules = [...read.rules, { id, points: 1, when: { amount: { above } } }];
    const { data } = await api.PUT("/api/v1/risk/rules", { body: { ...read, rules } });
    return data?.rules.at(-1)?.when.amount?.above;
  },
});
