/** What each command of `npm run archive` does. */
import { toTable } from "../../operator/table";
import type { Options } from "../options";
import { openArchive } from "./client";
import { exportPayments, type Output, segmentsWithin } from "./export";
import { openNdjson } from "./ndjson";
import { openParquet } from "./parquet";
import { restoreSegments } from "./restore";
import type { ArchiveSource, SegmentRow } from "./source";
import { type Verified, verify } from "./verify";

const WITH_BREAKS = 1;
const OPEN = { ndjson: openNdjson, parquet: openParquet };
const COLUMNS = ["shard", "segment", "payments", "bytes", "first created", "last created"];

type Of<Command> = Extract<Options, { command: Command }>;

/** @returns the exit code. @throws when it could not be finished */
export async function run(options: Options): Promise<number> {
  const archive = openArchive(options.deployment);
  switch (options.command) {
    case "verify":
      return show(await verify(archive), options);
    case "list":
      return list(archive, options);
    case "export":
      return write(archive, options);
    case "restore":
      return restore(archive, options);
  }
}

function show(verified: Verified, { json }: Of<"verify">): number {
  const { shards, segments, payments, events, bytes, breaks, unnamed } = verified;
  if (json) console.log(JSON.stringify(verified));
  else {
    console.log(
      `Verified: ${segments} segments of ${shards} shards, ${payments} payments, ${events} events, ${bytes} bytes`,
    );
    for (const { shard, number, key, what } of breaks) {
      console.log(`Break: ${shard}, segment ${number}: ${key} ${what}`);
    }
    for (const key of unnamed) console.log(`Of no segment: ${key}`);
    console.log(breaks.length === 0 ? "The archive is complete." : "The archive is NOT complete.");
  }
  return breaks.length === 0 ? 0 : WITH_BREAKS;
}

async function list(archive: ArchiveSource, { range, json }: Of<"list">): Promise<number> {
  const found: ({ shard: string } & SegmentRow)[] = [];
  for (const shard of await archive.readShards()) {
    for (const row of await segmentsWithin(archive, shard, range)) found.push({ shard, ...row });
  }
  const sum = (name: "payments" | "bytes") => found.reduce((all, row) => all + row[name], 0);
  const totals = { segments: found.length, payments: sum("payments"), bytes: sum("bytes") };
  if (json) console.log(JSON.stringify({ ...totals, data: found }));
  else {
    const rows = found.map((row) =>
      [
        ...[row.shard, row.number, row.payments, row.bytes],
        ...[row.first_created_at, row.last_created_at],
      ].map(String),
    );
    console.log(toTable([COLUMNS, ...rows]));
    console.log(`${totals.segments} segments, ${totals.payments} payments, ${totals.bytes} bytes`);
  }
  return 0;
}

async function write(
  archive: ArchiveSource,
  { range, merchant, format, output }: Of<"export">,
): Promise<number> {
  const file: Output = await OPEN[format](output);
  try {
    const payments = await exportPayments(archive, range, merchant, file);
    console.log(`${payments} payments in ${output}`);
    return 0;
  } catch (fault) {
    await file.abandon();
    throw fault;
  }
}

async function restore(archive: ArchiveSource, options: Of<"restore">): Promise<number> {
  let segments = 0;
  let payments = 0;
  for await (const restored of restoreSegments(options.deployment, archive, options)) {
    segments += 1;
    payments += restored.payments;
    console.log(`${restored.shard}, segment ${restored.number}: ${restored.payments} payments`);
  }
  console.log(`Restored: ${payments} payments of ${segments} segments`);
  return 0;
}
