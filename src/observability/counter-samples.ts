/** Converts objects' counters to samples of the Prometheus exposition. */
import type { Count } from "./durable-counters";
import { histogramSamples, type Labels, type Sample } from "./prometheus";

/** The samples of one counter. */
export function counterSamples(counts: Count[], name: string): Sample[] {
  return counts
    .filter((count) => count.name === name)
    .map(({ labels, value }) => ({ labels: parseLabels(labels), value }));
}

/** The histograms of one name, one for each set of labels. */
export function buildHistograms(
  counts: Count[],
  name: string,
  bounds: number[],
  unit: number,
): Sample[] {
  const buckets = counts.filter((count) => count.name === `${name}_bucket`);
  const sums = counts.filter((count) => count.name === `${name}_sum`);
  return sums.flatMap(({ labels, value }) => {
    const start = labels === "" ? "le=" : `${labels},le=`;
    const own = buckets.filter((bucket) => bucket.labels.startsWith(start));
    const byBound = new Map(
      own.map((bucket) => [String(parseLabels(bucket.labels).le), bucket.value]),
    );
    return histogramSamples(parseLabels(labels), bounds, byBound, value, unit);
  });
}

/** Parses `kind=create,outcome=created`. */
function parseLabels(text: string): Labels {
  if (text === "") return {};
  return Object.fromEntries(
    text.split(",").map((pair) => {
      const at = pair.indexOf("=");
      return [pair.slice(0, at), pair.slice(at + 1)];
    }),
  );
}
