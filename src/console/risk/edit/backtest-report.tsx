/** What a backtest has found. */
import { plural } from "../../view/duration";
import { Id, TableFrame } from "../../view/parts";
import { EDIT } from "../parts";
import { Reasons } from "../reasons";
import type { BacktestBody } from "./draft";

const WORDS: Record<string, string> = { approve: "approved", review: "held", block: "blocked" };

export function BacktestReport({ report }: { report: BacktestBody }) {
  const { examined, unchanged, undecidable, changed, hits, lacking, examples } = report;
  const kinds = Object.entries(changed);
  return (
    <div class="backtest-report" role="status">
      <h3>Result for {plural(examined, "payment")}</h3>
      {examined === 0 ? (
        <p>No payment was created in this time.</p>
      ) : (
        <dl class="facts">
          {kinds.map(([kind, count]) => (
            <>
              <dt>{changeText(kind)}</dt>
              <dd>
                <strong>{count}</strong>
              </dd>
            </>
          ))}
          <dt>Decided as before</dt>
          <dd>{unchanged}</dd>
          <dt>Cannot be decided</dt>
          <dd>{undecidable}</dd>
        </dl>
      )}
      {kinds.length === 0 && examined > 0 ? <p>No decision would have been another one.</p> : null}
      <Counts title="Payments that match a rule" name="Rule" counts={hits} />
      <Counts
        title="Payments without a signal that the rules use: they lack it because no rule used it when they were decided"
        name="Signal"
        counts={lacking}
      />
      {examples.length === 0 ? null : (
        <>
          <h3>Some of the changed decisions</h3>
          <ul class="examples">
            {examples.map(({ transaction_id, before, after, reasons }) => (
              <li>
                <Id id={transaction_id} href={`/console/payments/${transaction_id}`} />
                <p>
                  {WORDS[before.decision]} with score {before.fraud_score}, now{" "}
                  <strong>{WORDS[after.decision]}</strong> with score {after.fraud_score}
                </p>
                <Reasons reasons={reasons} />
              </li>
            ))}
          </ul>
        </>
      )}
      {report.next_cursor ? (
        <button
          type="submit"
          formaction={`${EDIT}/backtest`}
          name="cursor"
          value={report.next_cursor}
        >
          Try older payments
        </button>
      ) : null}
    </div>
  );
}

/** `approve_to_block` in words. */
function changeText(kind: string): string {
  const [before = "", after = ""] = kind.split("_to_");
  return `${WORDS[before] ?? before}, now ${WORDS[after] ?? after}`;
}

type CountsProps = { title: string; name: string; counts: Record<string, number> };

function Counts({ title, name, counts }: CountsProps) {
  const rows = Object.entries(counts);
  if (rows.length === 0) return null;
  return (
    <TableFrame label={title}>
      <table>
        <caption>{title}</caption>
        <thead>
          <tr>
            <th scope="col">{name}</th>
            <th scope="col" class="number">
              Payments
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map(([id, count]) => (
            <tr>
              <th scope="row" class="break">
                <code>
                  <bdi>{id}</bdi>
                </code>
              </th>
              <td class="number">{count}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </TableFrame>
  );
}
