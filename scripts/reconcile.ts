// `npm run reconcile -- stripe`: compares Stripe's books with those of a deployment.
import "./processes/no-local-proxy.ts";
import { errorMessage } from "./processes/errors.ts";
import { HELP, type Options, readOptions } from "./reconcile/options.ts";
import { type Compared, type Difference, Interrupted, readPages } from "./reconcile/pages.ts";
import { differenceTable } from "./reconcile/table.ts";

const WITH_DIFFERENCES = 1;
const NOT_FINISHED = 2;

async function reconcile(options: Options): Promise<number> {
  const differences: Difference[] = [];
  const compared: Compared = { balance_transactions: 0, payments: 0, refunds: 0 };
  let fault: Interrupted | undefined;
  try {
    for await (const page of readPages(options)) {
      differences.push(...page.data);
      for (const name of ["balance_transactions", "payments", "refunds"] as const) {
        compared[name] += page.compared[name];
      }
    }
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    fault = error;
  }
  const { from, to, json } = options;
  if (json) {
    const cursor = fault ? { next_cursor: fault.cursor ?? null } : {};
    console.log(JSON.stringify({ from, to, finished: !fault, compared, differences, ...cursor }));
  } else print(options, compared, differences);
  if (fault) {
    console.error(`Not finished: ${fault.message}`);
    const place = fault.cursor === undefined ? "" : ` --cursor ${fault.cursor}`;
    console.error(`Continue with --from ${from} --to ${to}${place}`);
    return NOT_FINISHED;
  }
  return differences.length > 0 ? WITH_DIFFERENCES : 0;
}

function print({ from, to }: Options, compared: Compared, differences: Difference[]): void {
  const { balance_transactions, payments, refunds } = compared;
  console.log(`From ${from} to ${to}`);
  console.log(
    `Compared: ${balance_transactions} balance transactions, ${payments} payments, ${refunds} refunds`,
  );
  console.log(`Differences: ${differences.length}`);
  if (differences.length > 0) console.log(`\n${differenceTable(differences)}`);
}

try {
  const options = readOptions(process.argv.slice(2), process.env, Date.now());
  if (options) process.exitCode = await reconcile(options);
  else console.log(HELP);
} catch (error) {
  console.error(errorMessage(error));
  process.exitCode = NOT_FINISHED;
}
