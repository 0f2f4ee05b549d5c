/** The period of the overview: chosen in the address, and said in words. */
import type { AppContext } from "../../api/context";
import { PERIODS, type Period } from "../../d1/hourly-totals";
import { Tabs } from "../view/tabs";
import { Time } from "../view/time";
import type { Totals } from "./totals";

const OVERVIEW = "/console";
const DEFAULT: Period = "24h";

const LABELS: Record<Period, string> = {
  "1h": "1 hour",
  "24h": "24 hours",
  "7d": "7 days",
  "30d": "30 days",
};
const STEPS: Record<Period, string> = {
  "1h": "Payments are counted by whole hours: this is the hour under way and the one before",
  "24h": "By the hour",
  "7d": "By six hours",
  "30d": "By the day, which begins at midnight UTC",
};

/** An unknown period is the default. */
export function readPeriod(c: AppContext): Period {
  const named = c.req.query("range") ?? "";
  return Object.hasOwn(PERIODS, named) ? (named as Period) : DEFAULT; // Checked by hasOwn.
}

export function overviewPath(period: Period, currency?: string): string {
  const query = new URLSearchParams();
  if (period !== DEFAULT) query.set("range", period);
  if (currency !== undefined) query.set("currency", currency);
  return query.size > 0 ? `${OVERVIEW}?${query}` : OVERVIEW;
}

export function PeriodTabs({ period }: { period: Period }) {
  const periods = Object.keys(PERIODS) as Period[]; // The record's own keys.
  const tabs = periods.map((one) => ({ path: overviewPath(one), label: LABELS[one] }));
  return <Tabs label="Period" tabs={tabs} current={overviewPath(period)} />;
}

/** When the period began, and by what it is counted. */
export function PeriodText({ totals: { period, points_ms } }: { totals: Totals }) {
  return (
    <p class="muted">
      Since <Time at={new Date(points_ms[0] ?? 0).toISOString()} />. {STEPS[period]}.
    </p>
  );
}
