// `npm run check:monitoring`: Grafana's dashboard-linter checks the dashboard, and promtool checks what /metrics
// answers, the alert rules and their tests.
// By default it starts the API with a state of its own and sends it a few requests; --url checks one that runs.
// It says which of the two tools is missing; --require makes that a failure.
import "./processes/no-local-proxy.ts";
import { spawnSync } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { ROOT } from "./install.mjs";
import { readDevVars } from "./local/dev-vars.ts";
import { readDemo } from "./local/local-deployment.ts";
import { startChild } from "./processes/child-process.ts";
import { errorMessage } from "./processes/errors.ts";
import { removeAtExit } from "./processes/remove-at-exit.ts";
import { until } from "./processes/wait.ts";

const PORT = process.env.PORT || "8797";
const START_LIMIT_MS = 180_000;
const MONITORING = join(ROOT, "docs", "monitoring");
const NO_LINTER = `SKIPPED: the dashboard was not linted, because dashboard-linter is not on the PATH. With Go:
  go install github.com/grafana/dashboard-linter@latest`;
const NO_PROMTOOL = `SKIPPED: neither the alerts nor /metrics were checked, because promtool is not on the PATH.
It comes with Prometheus:
  Debian, Ubuntu   apt-get update && apt-get install -y --no-install-recommends prometheus
  macOS            brew install prometheus
  others           https://prometheus.io/download/`;

function run(tool: string, args: string[], input?: string): void {
  const { status, stdout, stderr } = spawnSync(tool, args, { input, encoding: "utf8" });
  const said = `${stdout}${stderr}`.trim();
  console.log(`${tool} ${args.join(" ")}\n${said.replace(/^/gm, "  ")}`);
  if (status !== 0) throw new Error(`${tool} ${args.join(" ")} found something wrong.`);
}

/** Whether a tool is there; says how to get it when it is not, and throws when it is required. */
function hasTool(tool: string, args: string[], hint: string, isRequired: boolean): boolean {
  if (!spawnSync(tool, args).error) return true;
  if (isRequired) throw new Error(hint);
  console.log(hint);
  return false;
}

async function scrape(base: string, token: string): Promise<string> {
  const headers = { Authorization: `Bearer ${token}` };
  const response = await fetch(`${base}/metrics`, { headers });
  if (!response.ok) throw new Error(`${base}/metrics answered ${response.status}.`);
  return response.text();
}

/** Makes most series count something: payments of every outcome, a replay, a webhook that nothing receives. */
async function useApi(base: string, key: string): Promise<void> {
  const ask = (method: string, path: string, body?: object, headers: Record<string, string> = {}) =>
    fetch(`${base}/api/v1${path}`, {
      method,
      headers: { Authorization: `Bearer ${key}`, "Content-Type": "application/json", ...headers },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
  await ask("POST", "/webhook-endpoints", { url: "http://127.0.0.1:9/nobody" });
  for (const [at, amount] of [10, 90.02, 90.12, 20_000, 10].entries()) {
    const create = { user_id: `user_${at}`, amount };
    const headers = { "Idempotency-Key": `check-${at % 4}` };
    const response = await ask("POST", "/transactions", create, headers);
    const { id } = (await response.json()) as { id?: string };
    if (!id) continue;
    await ask("POST", `/transactions/${id}/process`);
    await ask("GET", `/transactions/${id}`);
  }
}

/** A scrape of an API that is started for it and stopped again. */
async function ownScrape(): Promise<string> {
  const state = removeAtExit(mkdtempSync(join(tmpdir(), "monitoring-")));
  const server = startChild(process.execPath, [join(ROOT, "scripts", "start.ts")], {
    cwd: ROOT,
    env: { PORT, STATE_DIR: state },
    stops: "leader",
  });
  try {
    const base = `http://127.0.0.1:${PORT}`;
    const { key } = await until(() => readDemo(state), "the API is ready", START_LIMIT_MS, server);
    await useApi(base, key);
    const counted = async () => {
      const text = await scrape(base, readDevVars().METRICS_TOKEN ?? "");
      return text.includes("payments_webhook_attempts_total") && text;
    };
    return await until(counted, "webhooks were counted", START_LIMIT_MS, server);
  } finally {
    await server.stop();
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { url: { type: "string" }, require: { type: "boolean", default: false } },
  });
  if (hasTool("dashboard-linter", ["--help"], NO_LINTER, values.require)) {
    run("dashboard-linter", ["lint", "--strict", join(MONITORING, "dashboard.json")]);
  }
  if (!hasTool("promtool", ["--version"], NO_PROMTOOL, values.require)) return;
  run("promtool", ["check", "rules", join(MONITORING, "alerts.yml")]);
  run("promtool", ["test", "rules", join(MONITORING, "alerts.test.yml")]);
  const token =
    process.env.METRICS_TOKEN || (values.url ? (readDevVars().METRICS_TOKEN ?? "") : "");
  const text = values.url ? await scrape(values.url, token) : await ownScrape();
  run("promtool", ["check", "metrics"], text);
  console.log(
    `All well; the scrape had ${text.split("\n").filter((line) => /^\w/.test(line)).length} series.`,
  );
}

try {
  await main();
} catch (error) {
  console.error(errorMessage(error));
  process.exitCode = 1;
}
