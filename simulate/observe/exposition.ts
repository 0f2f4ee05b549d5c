// Reads the Prometheus text format, as far as sums over counters and gauges need it. Pure.
export type Sample = { name: string; labels: Record<string, string>; value: number };

const SAMPLE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/;
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g;

/** The samples of a text. Throws at a line that is neither sample nor comment. */
export function parseExposition(text: string): Sample[] {
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return lines.map((line) => {
    const [, name, inside = "", value] = SAMPLE.exec(line) ?? [];
    if (name === undefined) throw new Error(`/metrics has a line that is no sample: ${line}`);
    const labels = Object.fromEntries(
      [...inside.matchAll(LABEL)].map(([, key, own]) => [key, own]),
    );
    return { name, labels, value: Number(value) };
  });
}

/** The sums of a series by the values of `labels`, as a Map of `a b` to a number; zeros are left out. */
export function sumsBy(samples: Sample[], name: string, ...labels: string[]): Map<string, number> {
  const sums = new Map<string, number>();
  for (const sample of samples) {
    if (sample.name !== name) continue;
    const key = labels
      .map((label) => sample.labels[label] ?? "")
      .join(" ")
      .trimEnd();
    sums.set(key, (sums.get(key) ?? 0) + sample.value);
  }
  return new Map([...sums].filter(([, value]) => value !== 0));
}
