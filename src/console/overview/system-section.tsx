/** The part of the operator's overview that shows the state of the deployment. */
import type { Config } from "../../config";
import { durationText } from "../view/duration";
import { Status, TableFrame, Warning } from "../view/parts";
import { countText } from "./number-text";
import { type Readiness, type StatusCounts, type System, sumWaiting } from "./read-system";
import { ShardSizes } from "./shard-sizes";

type Props = { system: System; limits: Config["limits"] };

export function SystemSection({ system, limits }: Props) {
  const { readiness, shards, book } = system;
  return (
    <>
      <div class="page-head">
        <h2>System</h2>
        <Status status={readiness.status} />
      </div>
      <div class="cards state-cards">
        <Dependencies readiness={readiness} />
        <Quotas limits={limits} />
        {book ? (
          <>
            <Counts id="by-status" title="Payments now, by status" counts={book.payments} />
            <Counts
              id="webhooks-now"
              title="Webhooks now"
              counts={[
                ...toLabels(book.deliveries, "deliveries"),
                ...toLabels(book.endpoints, "endpoints"),
              ]}
            />
          </>
        ) : (
          <Warning>
            The database does not respond: the numbers of payments and webhooks are missing.
          </Warning>
        )}
      </div>
      {shards.length === 0 ? (
        <p class="muted">Each payment has an object of its own, which cannot be listed.</p>
      ) : (
        <>
          <Waiting system={system} />
          <ShardSizes system={system} />
        </>
      )}
    </>
  );
}

const DEPENDENCIES: [name: keyof Readiness["dependencies"], label: string][] = [
  ["transactions", "Transaction shards"],
  ["velocity", "Velocity objects"],
  ["book", "D1"],
  ["processor", "Processor"],
];

function Dependencies({ readiness }: { readiness: Readiness }) {
  const { dependencies, shard_count } = readiness;
  return (
    <section class="card" aria-labelledby="dependencies">
      <h2 id="dependencies">Dependencies</h2>
      <dl class="facts">
        {DEPENDENCIES.map(([name, label]) => (
          <>
            <dt>{label}</dt>
            <dd>
              <Status status={dependencies[name]} />
            </dd>
          </>
        ))}
      </dl>
      {shard_count === "changed" ? (
        <p class="notice bad">
          TRANSACTION_SHARDS has another value than at the first request. Set it back: until then
          payments are refused.
        </p>
      ) : null}
    </section>
  );
}

function Quotas({ limits: { requests, lists, window_ms } }: { limits: Config["limits"] }) {
  const seconds = window_ms / 1_000;
  const text = (limit: number) =>
    limit === 0 ? "no limit" : `${countText(limit)} in ${countText(seconds)} s`;
  return (
    <section class="card" aria-labelledby="quotas">
      <h2 id="quotas">Quotas of each merchant</h2>
      <dl class="facts">
        <dt>Requests</dt>
        <dd>{text(requests)}</dd>
        <dt>Lists</dt>
        <dd>{text(lists)}</dd>
      </dl>
    </section>
  );
}

const toLabels = (counts: StatusCounts, what: string): StatusCounts =>
  counts.map(({ status, count }) => ({ status: `${status} ${what}`, count }));

type CountsProps = { id: string; title: string; counts: StatusCounts };

function Counts({ id, title, counts }: CountsProps) {
  return (
    <section class="card" aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
      {counts.length === 0 ? <p class="muted">None yet.</p> : null}
      <dl class="facts amounts">
        {counts.map(({ status, count }) => (
          <>
            <dt>{status.replaceAll("_", " ")}</dt>
            <dd class="number">{countText(count)}</dd>
          </>
        ))}
      </dl>
    </section>
  );
}

const OUTBOXES = {
  book: "D1",
  webhooks: "the webhooks",
  velocity: "velocity",
  stream: "the event stream",
} as const;

function Waiting({ system: { shards } }: { system: System }) {
  const { outboxes, charges, parked } = sumWaiting(shards);
  return (
    <TableFrame label="What waits">
      <table class="waiting-table">
        <caption>What waits, in all shards that responded</caption>
        <thead>
          <tr>
            <th scope="col">What</th>
            <th scope="col" class="number">
              Waiting
            </th>
            <th scope="col" class="number">
              Oldest
            </th>
            <th scope="col">State</th>
          </tr>
        </thead>
        <tbody>
          {outboxes.map(({ name, backlog }) => (
            <tr>
              <th scope="row">Events for {OUTBOXES[name]}</th>
              <td class="number">{countText(backlog.depth)}</td>
              <td class="number">{ageText(backlog.depth, backlog.oldest_age_ms)}</td>
              <td>
                <Status status={backlog.failures > 0 ? "failing" : "ok"} />
              </td>
            </tr>
          ))}
          <tr>
            <th scope="row">Operations of the processor without an outcome</th>
            <td class="number">{countText(charges.open)}</td>
            <td class="number">{ageText(charges.open, charges.oldest_age_ms)}</td>
            <td>
              {charges.overdue > 0
                ? `${countText(charges.overdue)} for more than a minute`
                : "none for more than a minute"}
            </td>
          </tr>
          <tr>
            <th scope="row">Events that the event stream refuses</th>
            <td class="number">{countText(parked)}</td>
            <td class="number">–</td>
            <td>{parked > 0 ? "repeated every hour" : ""}</td>
          </tr>
        </tbody>
      </table>
    </TableFrame>
  );
}

const ageText = (count: number, ms: number): string => (count === 0 ? "–" : durationText(ms));
