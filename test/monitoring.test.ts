/** docs/monitoring: every series that an alert or a panel queries exists, and every alert leads to a
 *  procedure. Whether alerts fire is for `npm run check:monitoring`, which needs promtool. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { bookMetrics } from "../src/api/operations/book-metrics";
import { d1Metrics } from "../src/api/operations/d1-metrics";
import { shardMetrics } from "../src/api/operations/shard-metrics";
import { webhookMetrics } from "../src/api/operations/webhook-metrics";

const DOCS = join(import.meta.dirname, "../docs");
const doc = (name: string): string => readFileSync(join(DOCS, name), "utf8");

/** Every name that a scrape may have, from the code; docs.test.ts holds docs/metrics.md against the same. */
const families = [...bookMetrics([]), ...d1Metrics([]), ...webhookMetrics([]), ...shardMetrics([])];
const names = new Set([
  "up", // Prometheus' own.
  "payments_scrape_ok",
  "payments_shards",
  ...families.flatMap(({ name, type }) =>
    type === "histogram" ? ["bucket", "sum", "count"].map((suffix) => `${name}_${suffix}`) : [name],
  ),
]);
const seriesIn = (expr: string): string[] => [...new Set(expr.match(/\b(payments_\w+|up)\b/g))];

type Alert = { name: string; expr: string; summary: string; description: string; anchor: string };
const alerts = doc("monitoring/alerts.yml")
  .split(/^ {6}- alert: /m)
  .slice(1)
  .map((text): Alert => {
    const field = (name: string) => new RegExp(`^ {10}${name}: (.+)$`, "m").exec(text)?.[1] ?? "";
    return {
      name: /^\w+/.exec(text)?.[0] ?? "",
      expr: text.slice(text.indexOf("expr:"), text.indexOf(" for:")),
      summary: field("summary"),
      description: field("description"),
      anchor: /#(.+)$/.exec(field("runbook_url"))?.[1] ?? "",
    };
  });

describe("the alerts", () => {
  const anchors = new Set(
    [...doc("runbook.md").matchAll(/^#+ (.+)$/gm)].map(([, title = ""]) =>
      title
        .toLowerCase()
        .replace(/[^\w\s-]/g, "")
        .replaceAll(" ", "-"),
    ),
  );
  const tests = doc("monitoring/alerts.test.yml");

  it("The alerts and every page of the docs link to procedures that exist", () => {
    const pages = readdirSync(DOCS, { recursive: true, encoding: "utf8" });
    const links = pages
      .filter((name) => /\.(md|yml)$/.test(name))
      .flatMap((name) => [...doc(name).matchAll(/runbook\.md#([\w-]+)/g)].map(([, to]) => to));
    const within = [...doc("runbook.md").matchAll(/\]\(#([\w-]+)\)/g)].map(([, to]) => to);
    const wanted = [...new Set([...links, ...within])];
    expect(wanted.length).toBeGreaterThan(10);
    expect(wanted.filter((anchor) => !anchors.has(anchor ?? ""))).toEqual([]);
  });

  it("Alerts exist", () => {
    expect(alerts.length).toBeGreaterThan(15);
  });

  it.each(alerts)(
    "The alert $name queries series that exist, has a description and links to a procedure",
    (alert) => {
      expect(seriesIn(alert.expr).length).toBeGreaterThan(0);
      expect(seriesIn(alert.expr).filter((name) => !names.has(name))).toEqual([]);
      expect(alert.summary).toMatch(/\S/);
      expect(alert.description).toMatch(/\.['"]$/);
      expect([...anchors]).toContain(alert.anchor);
    },
  );

  it.each(alerts)(
    "The alert $name has a test in which it fires and one in which it does not",
    ({ name }) => {
      const own = tests
        .split("- eval_time")
        .filter((text) => text.includes(`alertname: ${name}\n`));
      const fires = own.filter((text) => text.includes("exp_labels"));
      expect([fires.length > 0, own.length > fires.length]).toEqual([true, true]);
    },
  );
});

describe("the dashboard", () => {
  type Panel = { title: string; description?: string; type: string; targets?: { expr: string }[] };
  type Variable = { name: string; label: string; multi?: boolean; includeAll?: boolean };
  const { panels, templating, editable } = JSON.parse(doc("monitoring/dashboard.json")) as {
    panels: Panel[];
    templating: { list: (Variable & Record<string, unknown>)[] };
    editable: boolean;
  };
  const shown = panels.filter(({ type }) => type !== "row");

  it.each(shown)(
    "Each panel of the dashboard shows series that exist: $title",
    ({ targets = [] }) => {
      const found = targets.flatMap(({ expr }) => seriesIn(expr));
      expect(found.length).toBeGreaterThan(0);
      expect(found.filter((name) => !names.has(name))).toEqual([]);
    },
  );

  it("The dashboard shows every series except the parts of histograms", () => {
    const all = new Set(
      shown.flatMap(({ targets = [] }) => targets.flatMap(({ expr }) => seriesIn(expr))),
    );
    const plain = families.filter(({ type }) => type !== "histogram").map(({ name }) => name);
    const missing = plain.filter((name) => !all.has(name));
    expect(missing.sort()).toEqual([
      "payments_stream_parked_total",
      "payments_webhook_deliveries_total",
    ]);
  });

  it("The dashboard has a choice of deployment, and starts with one instead of the sum of all", () => {
    expect(templating.list.map(({ name }) => name)).toEqual(["datasource", "job", "instance"]);
    for (const variable of templating.list.slice(1)) {
      expect(variable).toMatchObject({ type: "query", multi: true, includeAll: false });
      // The values that Grafana's dashboard-linter requires of such a variable.
      expect(variable).toMatchObject({ allValue: ".+", refresh: 2 });
      expect(variable.datasource).toEqual({ type: "prometheus", uid: "$" + "{datasource}" });
    }
    expect(editable).toBe(false);
  });

  it.each(shown)(
    "Each panel of the dashboard reads the chosen deployment alone, and has a description: $title",
    (panel) => {
      expect(panel.description).toMatch(/\S/);
      for (const { expr } of panel.targets ?? []) {
        const selectors = expr.match(/\bpayments_\w+(\{[^}]*\})?/g) ?? [];
        expect(selectors.length).toBeGreaterThan(0);
        const chosen = '{job=~"$job", instance=~"$instance"';
        expect(selectors.filter((selector) => !selector.includes(chosen))).toEqual([]);
        expect(expr).not.toMatch(/\brate\([^)]*\[(?!\$__rate_interval\])/);
      }
    },
  );
});

describe("each alert", () => {
  it.each(alerts)("The alert $name evaluates every deployment separately", ({ expr }) => {
    const sums = expr.match(/\b(sum|min|max|avg|count)\b[^(]*\([^()]*/g) ?? [];
    expect(sums.filter((sum) => !/ by \(job, instance\b/.test(sum))).toEqual([]);
  });
});
