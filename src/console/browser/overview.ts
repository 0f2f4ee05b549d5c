/** Draws the charts of the overview, each from the table behind it. Colours are those of its legend, so a chart follows the
 *  colour scheme. */
import uPlot from "uplot";

const HOUR_S = 3_600;
const DAY_S = 24 * HOUR_S;
const HEIGHT_PX = 200;
/** For one line of labels below. */
const AXIS_PX = 30;
const PADDING_PX = 8;
/** Half of the last label stands out on the right. */
const HALF_LABEL_PX = 24;
/** A label of the horizontal axis needs so much. */
const LABEL_PX = 64;
const CHARACTER_PX = 7;
const HOUR_STEPS = [1, 2, 3, 4, 6, 12].map((hours) => hours * HOUR_S);
const DAY_STEPS = [1, 2, 3, 5, 7, 14].map((days) => days * DAY_S);
/** Whole numbers: there is no half of a payment. */
const COUNT_STEPS = Array.from({ length: 15 }, (_, power) => 10 ** power).flatMap((unit) => [
  unit,
  2 * unit,
  5 * unit,
]);

const compact = new Intl.NumberFormat(undefined, { notation: "compact" });

type Table = {
  /** The middle of each point, in seconds since 1970. */
  middles: number[];
  /** The text of each point's time, and of its values. */
  texts: { at: string; values: string[] }[];
  /** The numbers of each column. */
  columns: number[][];
};

function readTable(id: string, lengthS: number, decimals: number): Table {
  const rows = [...document.querySelectorAll<HTMLElement>(`#${id}-table tbody tr`)];
  const cells = rows.map((row) => [...row.querySelectorAll("td")]);
  return {
    middles: rows.map(({ dataset }) => Number(dataset.atMs) / 1_000 + lengthS / 2),
    texts: rows.map((row, at) => ({
      at: row.querySelector("th")?.textContent ?? "",
      values: (cells[at] ?? []).map(({ textContent }) => textContent ?? ""),
    })),
    columns: (cells[0] ?? []).map((_, column) =>
      cells.map((row) => Number(row[column]?.dataset.value) / 10 ** decimals),
    ),
  };
}

/** Each column on top of those before it. */
function stack(columns: number[][]): number[][] {
  const sums: number[][] = [];
  for (const column of columns) {
    const below = sums.at(-1);
    sums.push(column.map((value, at) => value + (below?.[at] ?? 0)));
  }
  return sums;
}

const colourOf = (element: Element, property: "color" | "backgroundColor" | "borderTopColor") =>
  getComputedStyle(element)[property];

function draw(frame: HTMLElement): uPlot {
  const { chart: id = "", lengthMs, decimals } = frame.dataset;
  const lengthS = Number(lengthMs) / 1_000;
  const table = readTable(id, lengthS, Number(decimals));
  const legend = document.querySelector(`[data-legend="${id}"]`);
  const keys = [...(legend?.querySelectorAll(".swatch") ?? [])];
  const [first = 0, last = 0] = [table.middles.at(0), table.middles.at(-1)];
  const [text, line] = [colourOf(frame, "color"), colourOf(frame, "borderTopColor")];
  const font = `12px ${getComputedStyle(frame).fontFamily}`;
  const isByHour = lengthS === HOUR_S;
  const isDay = lengthS === DAY_S;
  const time = new Intl.DateTimeFormat(undefined, {
    ...(isByHour ? { hour: "2-digit", minute: "2-digit" } : { day: "numeric", month: "short" }),
    ...(isDay ? { timeZone: "UTC" } : {}),
  });
  // The highest bar is drawn first, and those before it over it.
  const stacked = stack(table.columns).toReversed();
  const colours = keys.map((key) => colourOf(key, "backgroundColor")).toReversed();
  const bars = uPlot.paths.bars?.({ size: [0.72, 40] });
  return new uPlot(
    {
      width: frame.clientWidth,
      height: HEIGHT_PX,
      padding: [PADDING_PX, HALF_LABEL_PX, 0, 0],
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
      tzDate: (s) => (isDay ? uPlot.tzDate(new Date(s * 1_000), "UTC") : new Date(s * 1_000)),
      scales: {
        x: { range: () => [first - lengthS / 2, last + lengthS / 2] },
        y: { range: (_, __, most) => [0, most > 0 ? most * 1.08 : 1] },
      },
      series: [
        {},
        ...stacked.map((_, at) => ({
          fill: colours[at] ?? text,
          width: 0,
          ...(bars && { paths: bars }),
          points: { show: false },
        })),
      ],
      axes: [
        {
          font,
          stroke: text,
          grid: { show: false },
          ticks: { stroke: line, size: 4 },
          size: AXIS_PX,
          space: LABEL_PX,
          incrs: isByHour ? HOUR_STEPS : DAY_STEPS,
          // A day's label belongs below its bar, an hour's where it begins.
          ...(isDay && { splits: ({ width }) => everyNth(table.middles, width) }),
          values: (_, splits) => splits.map((s) => time.format(s * 1_000)),
        },
        {
          font,
          stroke: text,
          grid: { stroke: line, width: 1 },
          ticks: { show: false },
          incrs: COUNT_STEPS,
          values: (_, splits) => splits.map((value) => compact.format(value)),
          size: (_, values) => 16 + CHARACTER_PX * Math.max(1, ...(values ?? []).map(lengthOf)),
        },
      ],
      hooks: { setCursor: [({ cursor }) => showPoint(legend, table, cursor.idx)] },
    },
    [table.middles, ...stacked],
    frame,
  );
}

/** As many of these as there is room for labels, the last one included. */
function everyNth(middles: number[], widthPx: number): number[] {
  const step = Math.ceil((middles.length * LABEL_PX) / Math.max(LABEL_PX, widthPx));
  return middles.filter((_, at) => (middles.length - 1 - at) % step === 0);
}

const lengthOf = (text: string): number => text.length;

/** Shows the values of a point in the legend, and those of the whole period when there is none. */
function showPoint(legend: Element | null, table: Table, at: number | null | undefined): void {
  const point = at === null || at === undefined ? undefined : table.texts[at];
  const time = legend?.parentElement?.querySelector(".chart-at");
  if (time) time.textContent = point?.at ?? "";
  for (const [column, value] of [...(legend?.querySelectorAll(".legend-value") ?? [])].entries()) {
    if (!(value instanceof HTMLElement)) continue;
    value.dataset.total ??= value.textContent ?? "";
    value.textContent = point ? (point.values[column] ?? "") : value.dataset.total;
  }
}

/** Draws a chart, and again when the colour scheme changes. */
function show(frame: HTMLElement): void {
  frame.hidden = false;
  let chart = draw(frame);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    chart.destroy();
    chart = draw(frame);
  });
  new ResizeObserver(() => {
    if (frame.clientWidth !== chart.width) {
      chart.setSize({ width: frame.clientWidth, height: HEIGHT_PX });
    }
  }).observe(frame);
}

for (const frame of document.querySelectorAll<HTMLElement>("[data-chart]")) show(frame);
