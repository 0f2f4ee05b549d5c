/** The Prometheus text format, version 0.0.4:
 *  https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format */

export const EXPOSITION_TYPE = "text/plain; version=0.0.4; charset=utf-8";

export type Labels = Record<string, string | number>;
/** `suffix` is appended to the family's name: `_bucket`, `_sum` and `_count` of a histogram. */
export type Sample = { suffix?: string; labels: Labels; value: number };
export type Family = {
  name: string;
  type: "counter" | "gauge" | "histogram";
  help: string;
  samples: Sample[];
};

/** The text of all families that have a sample. A family without one is left out: a zero would be a guess. */
export function formatExposition(families: Family[]): string {
  return families
    .filter(({ samples }) => samples.length > 0)
    .flatMap(({ name, type, help, samples }) => [
      `# HELP ${name} ${escaped(help)}`,
      `# TYPE ${name} ${type}`,
      ...samples.map(
        ({ suffix = "", labels, value }) => `${name}${suffix}${braced(labels)} ${value}`,
      ),
    ])
    .map((line) => `${line}\n`)
    .join("");
}

function braced(labels: Labels): string {
  const pairs = Object.entries(labels).map(
    ([name, value]) => `${name}="${escaped(String(value)).replaceAll('"', '\\"')}"`,
  );
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function escaped(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}

/** The samples of one histogram. @param counts of observations by upper bound, each without those below
 *  it; `+Inf` for those above all bounds
 *  @param unit what the bounds and the sum are divided by */
export function histogramSamples(
  labels: Labels,
  bounds: number[],
  counts: ReadonlyMap<string, number>,
  sum: number,
  unit = 1,
): Sample[] {
  let cumulative = 0;
  const buckets = [...bounds.map(String), "+Inf"].map((bound): Sample => {
    cumulative += counts.get(bound) ?? 0;
    const le = bound === "+Inf" ? bound : Number(bound) / unit;
    return { suffix: "_bucket", labels: { ...labels, le }, value: cumulative };
  });
  return [
    ...buckets,
    { suffix: "_sum", labels, value: sum / unit },
    { suffix: "_count", labels, value: cumulative },
  ];
}
