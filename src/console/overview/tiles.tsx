/** The numbers of a period: tiles of counts and rates, and a row for each currency. */
import type { Child } from "hono/jsx";
import { Money } from "../view/money";
import { TableFrame } from "../view/parts";
import { countText, percentText } from "./number-text";
import { overviewPath } from "./period";
import { type Counts, type CurrencyTotal, sumCounts, sumCurrencies, type Totals } from "./totals";

export function Tiles({ totals }: { totals: Totals }) {
  const counts = sumCounts(totals.rows);
  const { created, completed, declined, blocked, held, rejected, cancelled } = counts;
  const ended = completed + declined + blocked + rejected + cancelled;
  const decided = completed + declined;
  return (
    <dl class="tiles">
      <Tile label="Payments" value={countText(created)}>
        created in this time
      </Tile>
      <Tile label="Success rate" value={percentText(completed, ended) ?? "–"}>
        {ended === 0
          ? "no payment has ended"
          : `completed, of ${countText(ended)} that ended: completed, declined, blocked, rejected or cancelled`}
      </Tile>
      <Tile label="Decline rate" value={percentText(declined, decided) ?? "–"}>
        {decided === 0
          ? "the processor has decided none"
          : `declined, of ${countText(decided)} that the processor completed or declined`}
      </Tile>
      <Tile label="Blocked" value={countText(blocked)}>
        by the fraud rules
      </Tile>
      <Tile label="Held" value={countText(held)}>
        {rejected === 0 ? "for a review" : `for a review; ${countText(rejected)} were rejected`}
      </Tile>
      <Tile label="Refunds" value={countText(counts.refunded)}>
        {refundsText(counts)}
      </Tile>
      <Tile label="Disputes" value={countText(counts.disputed)}>
        opened by customers
      </Tile>
    </dl>
  );
}

const refundsText = ({ reversed }: Counts): string =>
  reversed === 0 ? "that succeeded" : `that succeeded; ${countText(reversed)} failed afterwards`;

type TileProps = { label: string; value: string; children?: Child };

function Tile({ label, value, children }: TileProps) {
  return (
    <div class="tile">
      <dt>{label}</dt>
      <dd class="tile-value">{value}</dd>
      <dd class="tile-hint">{children}</dd>
    </div>
  );
}

/** @param current the currency of the chart; undefined when there is no chart */
export function Currencies({ totals, current }: { totals: Totals; current: string | undefined }) {
  const hasChart = current !== undefined;
  const currencies = sumCurrencies(totals.rows);
  if (currencies.length === 0) return null;
  return (
    <TableFrame label="Amounts by currency">
      <table>
        <caption>
          Amounts by currency. Amounts of different currencies are not added up.
          {hasChart ? " A currency's link shows its chart." : ""}
        </caption>
        <thead>
          <tr>
            <th scope="col">Currency</th>
            <th scope="col" class="number">
              Created
            </th>
            <th scope="col" class="number">
              Completed
            </th>
            <th scope="col" class="number">
              Volume
            </th>
            <th scope="col" class="number">
              Refunds
            </th>
            <th scope="col" class="number">
              Refunded
            </th>
            <th scope="col" class="number">
              Disputed
            </th>
          </tr>
        </thead>
        <tbody>
          {currencies.map((total) => (
            <CurrencyRow
              total={total}
              href={hasChart ? overviewPath(totals.period, total.currency) : undefined}
              isCurrent={total.currency === current}
            />
          ))}
        </tbody>
      </table>
    </TableFrame>
  );
}

type RowProps = { total: CurrencyTotal; href: string | undefined; isCurrent: boolean };

function CurrencyRow({ total, href, isCurrent }: RowProps) {
  const { currency } = total;
  return (
    <tr>
      <th scope="row">
        {href === undefined ? (
          currency
        ) : (
          <a href={href} aria-current={isCurrent ? "true" : undefined}>
            {currency}
          </a>
        )}
      </th>
      <td class="number">{countText(total.created)}</td>
      <td class="number">{countText(total.completed)}</td>
      <td class="number">
        <Money minor={total.completed_minor} currency={currency} />
      </td>
      <td class="number">{countText(total.refunded)}</td>
      <td class="number">
        <Money minor={total.refunded_minor} currency={currency} />
        {total.reversed_minor === 0n ? null : (
          <p class="muted">
            <Money minor={total.reversed_minor} currency={currency} /> failed afterwards
          </p>
        )}
      </td>
      <td class="number">
        <Money minor={total.disputed_minor} currency={currency} />
      </td>
    </tr>
  );
}
