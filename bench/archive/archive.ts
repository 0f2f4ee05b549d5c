// `npm run bench:archive`: how many bytes an archived payment takes in a segment and in its shard, and how much CPU it takes
// to write a segment and to find a payment in it. R2 is not measured.
import { join } from "node:path";
import { loadSource } from "../../scripts/local/load-source.ts";
import { printTable, whole } from "../report.ts";
import { measurePlaceBytes } from "./place-bytes.ts";

const PAYMENTS = 1_024;
const ROUNDS = 9;
/** Of a payment, with its part of the manifest. */
const MAX_BYTES = 160;
/** Of a manifest and a block. */
const MAX_READ_BYTES = 30_000;
/** Of an archived payment in its shard. */
const MAX_PLACE_BYTES = 60;

type Result = Record<
  "data_bytes" | "bytes" | "manifest_bytes" | "read_bytes" | "write_ms" | "read_ms" | "find_ms",
  number
>;
const FIGURES: Record<string, (result: Result) => string> = {
  "data, bytes a payment": ({ data_bytes }) => data_bytes.toFixed(1),
  "with the manifest": ({ bytes }) => bytes.toFixed(1),
  "manifest, bytes": ({ manifest_bytes }) => whole(manifest_bytes),
  "manifest and largest block, bytes": ({ read_bytes }) => whole(read_bytes),
  "write 1,000 payments, ms of CPU": ({ write_ms }) => write_ms.toFixed(1),
  "read 1,000 payments, ms of CPU": ({ read_ms }) => read_ms.toFixed(1),
  "find one payment, ms of CPU": ({ find_ms }) => find_ms.toFixed(2),
};

const project = await loadSource<typeof import("./project.ts")>(
  join(import.meta.dirname, "project.ts"),
);
const { SHAPES, newPayments, buildSegment, readBlockLines, fromLine } = project;
const place = { shard: "shard-0", number: 1, previous: null, sealed_at_ms: Date.now() };
const results: Result[] = [];
for (const shape of Object.values(SHAPES)) results.push(await measure(shape));
const [small] = results;
printTable(
  `A segment of ${whole(PAYMENTS)} payments`,
  ["", ...Object.keys(SHAPES)],
  Object.entries(FIGURES).map(([title, show]) => [title, ...results.map(show)]),
);
const placeBytes = measurePlaceBytes(project, PAYMENTS);
console.log(`\nIn its shard an archived payment takes ${placeBytes.toFixed(1)} bytes.`);
const isSmall =
  small &&
  small.bytes <= MAX_BYTES &&
  small.read_bytes <= MAX_READ_BYTES &&
  placeBytes <= MAX_PLACE_BYTES;
if (!isSmall) {
  console.error(
    `More than ${MAX_BYTES} bytes a payment, ${MAX_READ_BYTES} a read, or ${MAX_PLACE_BYTES} in the shard.`,
  );
}
process.exit(isSmall ? 0 : 1);

async function measure(shape: (typeof SHAPES)[keyof typeof SHAPES]): Promise<Result> {
  const { keys, payments } = newPayments(PAYMENTS, shape);
  const byId = new Map(keys.map(({ id }, at) => [id, payments[at]]));
  const read = (block: typeof keys) => block.map(({ id }) => byId.get(id) ?? missing());
  const write = async () => (await buildSegment(place, keys, read)).segment ?? missing();
  const { manifest, manifest_bytes, data } = await write();
  const { key } = manifest.data;
  const blocks = manifest.blocks.map((block) => {
    const bytes = data.slice(block.offset, block.offset + block.bytes);
    return () => readBlockLines(bytes, block, key);
  });
  const readAll = async () => {
    for (const lines of blocks) for (const line of lines()) fromLine(line, key);
  };
  const findOneInEach = async () => {
    for (const lines of blocks) fromLine(lines()[0] ?? missing(), key);
  };
  return {
    data_bytes: data.byteLength / PAYMENTS,
    bytes: (data.byteLength + manifest_bytes.byteLength) / PAYMENTS,
    manifest_bytes: manifest_bytes.byteLength,
    read_bytes: manifest_bytes.byteLength + Math.max(...manifest.blocks.map(({ bytes }) => bytes)),
    write_ms: (await medianCpuMs(write)) * (1_000 / PAYMENTS),
    read_ms: (await medianCpuMs(readAll)) * (1_000 / PAYMENTS),
    find_ms: (await medianCpuMs(findOneInEach)) / blocks.length,
  };
}

async function medianCpuMs(work: () => Promise<unknown>): Promise<number> {
  const rounds: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const before = process.cpuUsage();
    await work();
    const { user, system } = process.cpuUsage(before);
    rounds.push((user + system) / 1_000);
  }
  return rounds.sort((a, b) => a - b)[Math.floor(ROUNDS / 2)] ?? 0;
}

function missing(): never {
  throw new Error("the segment lacks what was put into it");
}
