import {
  type ApiResponse,
  Configuration,
  ProblemFromJSON,
  type Refund,
  RefundsApi,
  ResponseError,
  RiskApi,
  type Transaction,
  TransactionsApi,
  WebhooksApi,
} from "./generated";
import { type Answer, BASE, check, isReplayed, KEY } from "./scenario";

const config = new Configuration({ basePath: BASE, accessToken: KEY });
const transactions = new TransactionsApi(config);
const refunds = new RefundsApi(config);
const risk = new RiskApi(config);

async function answer(call: Promise<ApiResponse<Transaction | Refund>>): Promise<Answer> {
  try {
    const said = await call;
    const { id, amountMinor, status } = await said.value();
    const { status: code, headers } = said.raw;
    return { status: code, id, minor: amountMinor, state: status, isReplayed: isReplayed(headers) };
  } catch (error) {
    if (!(error instanceof ResponseError)) throw error;
    const { code, errors } = ProblemFromJSON(await error.response.json());
    const pointers = errors?.map(({ pointer }) => pointer);
    return { status: error.response.status, code, pointers, isReplayed: false };
  }
}

await check({
  create: (idempotencyKey, amount) =>
    answer(
      transactions.createTransactionRaw({
        idempotencyKey,
        createTransaction: { userId: "user_1", amount },
      }),
    ),
  process: (id) => answer(transactions.processTransactionRaw({ id })),
  get: (id) => answer(transactions.getTransactionRaw({ id })),
  refund: (id, idempotencyKey, amount) =>
    answer(refunds.createRefundRaw({ id, idempotencyKey, createRefund: { amount } })),
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
