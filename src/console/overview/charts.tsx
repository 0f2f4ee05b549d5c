/** The charts of a period. Each is drawn by the page's script from the table behind it, which says the same without
 *  JavaScript and to screen readers. */
import type { HoursTotal } from "../../d1/hourly-totals";
import { currencyDecimals } from "../../domain/money/currency";
import { formatMoney } from "../view/money";
import { TableFrame } from "../view/parts";
import { Time } from "../view/time";
import { countText } from "./number-text";
import {
  type Counter,
  pointLengthMs,
  rowsOfPoints,
  sumCounts,
  sumCurrencies,
  type Totals,
} from "./totals";

const DAY_MS = 86_400_000;

/** The parts of a bar, from below. */
const OUTCOMES = [
  { counter: "completed", label: "Completed" },
  { counter: "declined", label: "Declined" },
  { counter: "blocked", label: "Blocked" },
] as const satisfies { counter: Counter; label: string }[];

/** The currency of the chart: the chosen one, or the one with the most completed payments. */
export function selectCurrency(totals: Totals, chosen: string | undefined): string | undefined {
  const currencies = sumCurrencies(totals.rows).map(({ currency }) => currency);
  return currencies.find((currency) => currency === chosen) ?? currencies[0];
}

/** The amount in a currency; each book has a row of its own. */
function sumVolume(rows: readonly HoursTotal[], currency: string | undefined): bigint {
  const own = rows.filter((row) => row.currency === currency);
  return own.reduce((sum, { completed_minor }) => sum + completed_minor, 0n);
}

type Point = { at_ms: number; values: Value[] };
/** `drawn` is the number that the chart draws, and `shown` its text. */
type Value = { drawn: number | bigint; shown: string };
type Series = { name: string; label: string; total: string };

export function Charts({ totals, currency }: { totals: Totals; currency: string | undefined }) {
  const points = rowsOfPoints(totals).map(({ at_ms, rows }) => ({
    at_ms,
    counts: sumCounts(rows),
    volume: sumVolume(rows, currency),
  }));
  const sums = sumCounts(totals.rows);
  return (
    <div class="charts">
      <Chart
        id="outcomes"
        title="Payments by outcome"
        lengthMs={pointLengthMs(totals.period)}
        decimals={0}
        series={OUTCOMES.map(({ counter, label }) => ({
          name: counter,
          label,
          total: countText(sums[counter]),
        }))}
        points={points.map(({ at_ms, counts }) => ({
          at_ms,
          values: OUTCOMES.map(({ counter }) => ({
            drawn: counts[counter],
            shown: countText(counts[counter]),
          })),
        }))}
      />
      {currency === undefined ? null : (
        <Chart
          id="volume"
          title={`Volume in ${currency}`}
          lengthMs={pointLengthMs(totals.period)}
          decimals={currencyDecimals(currency)}
          series={[
            {
              name: "volume",
              label: "Completed",
              total: formatMoney(
                points.reduce((sum, { volume }) => sum + volume, 0n),
                currency,
              ),
            },
          ]}
          points={points.map(({ at_ms, volume }) => ({
            at_ms,
            values: [{ drawn: volume, shown: formatMoney(volume, currency) }],
          }))}
        />
      )}
    </div>
  );
}

type ChartProps = {
  id: string;
  title: string;
  lengthMs: number;
  /** Of the drawn numbers. */
  decimals: number;
  series: Series[];
  points: Point[];
};

function Chart({ id, title, lengthMs, decimals, series, points }: ChartProps) {
  return (
    <section class="card chart-card" aria-labelledby={`${id}-title`}>
      <div class="chart-head">
        <h2 id={`${id}-title`}>{title}</h2>
        <span class="chart-at" aria-hidden="true" />
        <ul class="legend" data-legend={id}>
          {series.map(({ name, label, total }) => (
            <li>
              <span class={`swatch ${name}`} aria-hidden="true" /> {label}{" "}
              <span class="legend-value">{total}</span>
            </li>
          ))}
        </ul>
      </div>
      <div
        class="chart"
        hidden
        data-chart={id}
        data-length-ms={lengthMs}
        data-decimals={decimals}
        role="img"
        aria-label={`${title}: a chart of the numbers in the table that follows.`}
      />
      <details class="numbers">
        <summary>The numbers as a table</summary>
        <TableFrame label={title}>
          <table id={`${id}-table`}>
            <thead>
              <tr>
                <th scope="col">{lengthMs === DAY_MS ? "Day (UTC)" : "From"}</th>
                {series.map(({ label }) => (
                  <th scope="col" class="number">
                    {label}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {points.map((point) => (
                <PointRow point={point} isDay={lengthMs === DAY_MS} />
              ))}
            </tbody>
          </table>
        </TableFrame>
      </details>
    </section>
  );
}

function PointRow({ point: { at_ms, values }, isDay }: { point: Point; isDay: boolean }) {
  const at = new Date(at_ms).toISOString();
  return (
    <tr data-at-ms={at_ms}>
      <th scope="row">{isDay ? at.slice(0, "2026-01-01".length) : <Time at={at} />}</th>
      {values.map(({ drawn, shown }) => (
        <td class="number" data-value={String(drawn)}>
          {shown}
        </td>
      ))}
    </tr>
  );
}
