/** The part of the overview that shows the totals of a period, of a merchant or of all. */
import type { Child } from "hono/jsx";
import { TableFrame, Warning } from "../view/parts";
import { Time } from "../view/time";
import { Charts, selectCurrency } from "./charts";
import { countText } from "./number-text";
import { PeriodText } from "./period";
import { Currencies, Tiles } from "./tiles";
import { rowsOfPoints, sumCounts, type Totals } from "./totals";

type Props = {
  /** Undefined when D1 does not respond. */
  totals: Totals | undefined;
  /** Of the chart of the volume, as it is in the address. */
  currency: string | undefined;
  /** Stands in the place of the numbers when nothing has happened. */
  empty: Child;
};

export function TotalsSection({ totals, currency, empty }: Props) {
  if (!totals) {
    return (
      <Warning>
        The totals cannot be read at the moment, because the database does not respond. Payments
        continue.
      </Warning>
    );
  }
  if (totals.rows.length === 0) {
    return (
      <>
        <PeriodText totals={totals} />
        {empty}
      </>
    );
  }
  const selected = selectCurrency(totals, currency);
  return (
    <>
      <PeriodText totals={totals} />
      <Tiles totals={totals} />
      {totals.period === "1h" ? (
        <Hours totals={totals} />
      ) : (
        <Charts totals={totals} currency={selected} />
      )}
      <Currencies totals={totals} current={totals.period === "1h" ? undefined : selected} />
    </>
  );
}

/** Two points are no chart. */
function Hours({ totals }: { totals: Totals }) {
  return (
    <TableFrame label="Payments by hour">
      <table>
        <caption>Payments by hour. The last one is under way.</caption>
        <thead>
          <tr>
            <th scope="col">From</th>
            <th scope="col" class="number">
              Created
            </th>
            <th scope="col" class="number">
              Completed
            </th>
            <th scope="col" class="number">
              Declined
            </th>
            <th scope="col" class="number">
              Blocked
            </th>
          </tr>
        </thead>
        <tbody>
          {rowsOfPoints(totals).map(({ at_ms, rows }) => {
            const { created, completed, declined, blocked } = sumCounts(rows);
            return (
              <tr>
                <th scope="row">
                  <Time at={new Date(at_ms).toISOString()} />
                </th>
                {[created, completed, declined, blocked].map((count) => (
                  <td class="number">{countText(count)}</td>
                ))}
              </tr>
            );
          })}
        </tbody>
      </table>
    </TableFrame>
  );
}
