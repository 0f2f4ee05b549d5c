/** The size of each shard's database and of each of D1, of which the platform stores 10 GB at most. */
import { MAX_READ_SHARDS, type ShardReading } from "../../api/operations/read-shards";
import { Status, TableFrame } from "../view/parts";
import { bytesText, countText, percentText } from "./number-text";
import type { System } from "./read-system";

/** https://developers.cloudflare.com/durable-objects/platform/limits/, and the same for D1. */
const MAX_SHARD_BYTES = 10_000_000_000;

export function ShardSizes({ system: { shards, shard_count, books } }: { system: System }) {
  const sizes = shards.flatMap(({ metrics }) => metrics?.bytes ?? []);
  const largest = Math.max(0, ...sizes);
  const answered = shards.filter(({ metrics }) => metrics !== undefined).length;
  return (
    <section class="card" aria-labelledby="shards">
      <h2 id="shards">Shards</h2>
      <dl class="facts">
        <dt>Responding</dt>
        <dd>
          {countText(answered)} of {countText(shards.length)}
          {shard_count > MAX_READ_SHARDS
            ? `; ${countText(shard_count)} exist, of which the first ${MAX_READ_SHARDS} are read`
            : ""}
        </dd>
        <dt>Largest database</dt>
        <dd>{sizeText(largest)}</dd>
        <dt>All databases</dt>
        <dd>{bytesText(sizes.reduce((sum, bytes) => sum + bytes, 0))}</dd>
        {books.map(({ book, bytes }) => (
          <>
            <dt>{books.length === 1 ? "D1" : `D1, book ${book}`}</dt>
            <dd>{bytes === undefined ? "does not respond" : sizeText(bytes)}</dd>
          </>
        ))}
      </dl>
      <details class="numbers">
        <summary>Each shard</summary>
        <Shards shards={shards} />
      </details>
    </section>
  );
}

const sizeText = (bytes: number): string =>
  `${bytesText(bytes)} of 10 GB, ${percentText(bytes, MAX_SHARD_BYTES)}`;

function Shards({ shards }: { shards: ShardReading[] }) {
  return (
    <TableFrame label="Each shard">
      <table>
        <thead>
          <tr>
            <th scope="col">Shard</th>
            <th scope="col">State</th>
            <th scope="col" class="number">
              Database
            </th>
            <th scope="col" class="number">
              Waiting events
            </th>
            <th scope="col" class="number">
              Open operations
            </th>
          </tr>
        </thead>
        <tbody>
          {shards.map(({ shard, metrics }) => (
            <tr>
              <th scope="row">{shard}</th>
              <td>
                <Status status={metrics ? "ok" : "failing"} />
              </td>
              <td class="number">{metrics?.bytes === undefined ? "–" : sizeText(metrics.bytes)}</td>
              <td class="number">{metrics ? countText(waitingOf(metrics)) : "–"}</td>
              <td class="number">{metrics ? countText(metrics.charges.open) : "–"}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </TableFrame>
  );
}

/** An event that several destinations wait for counts for each. */
const waitingOf = ({ backlogs }: NonNullable<ShardReading["metrics"]>): number =>
  Object.values(backlogs.of).reduce((sum, { depth }) => sum + depth, 0);
