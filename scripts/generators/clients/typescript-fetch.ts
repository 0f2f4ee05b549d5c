import {
  type ApiResponse,
  Configuration,
  ProblemFromJSON,
  ResponseError,
  RiskApi,
  type Transaction,
  TransactionsApi,
  WebhooksApi,
} from "./generated";
import { type Answer, BASE, check, KEY } from "./scenario";

const config = new Configuration({ basePath: BASE, accessToken: KEY });
const transactions = new TransactionsApi(config);
const risk = new RiskApi(config);

async function payment(call: Promise<ApiResponse<Transaction>>): Promise<Answer> {
  try {
    const { raw, value } = await call.then(async (said) => ({
      raw: said.raw,
      value: await said.value(),
    }));
    return { status: raw.status, id: value.id, minor: value.amountMinor, state: value.status };
  } catch (error) {
    if (!(error instanceof ResponseError)) throw error;
    const { code } = ProblemFromJSON(await error.response.json());
    return { status: error.response.status, code };
  }
}

await check({
  create: (idempotencyKey, amount) =>
    payment(
      transactions.createTransactionRaw({
        idempotencyKey,
        createTransaction: { userId: "user_1", amount },
      }),
    ),
  process: (id) => payment(transactions.processTransactionRaw({ id })),
  get: (id) => payment(transactions.getTransactionRaw({ id })),
  list: async (cursor) => {
    const page = await transactions.listTransactions({ limit: 2, ...(cursor ? { cursor } : {}) });
    return { ids: page.data.map(({ id }) => id), next: page.nextCursor };
  },
  createEndpoint: async (url) =>
    (await new WebhooksApi(config).createWebhookEndpoint({ createWebhookEndpoint: { url } }))
      .secret,
  addRule: async (id, above) => {
    const read = await risk.getRiskRules();
    const rules = [...read.rules, { id, points: 1, when: { amount: { above } } }];
    const { version, reviewScore, blockScore } = read;
    const replaceRiskRules = { version, reviewScore, blockScore, rules };
    return (await risk.replaceRiskRules({ replaceRiskRules })).rules.at(-1)?.when.amount?.above;
  },
});
