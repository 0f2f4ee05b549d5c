// What a run shows while it goes on: a bar where there is a terminal, a line now and then elsewhere.
const WIDTH = 32;
const BAR_EVERY_MS = 100;
const LINE_EVERY_MS = 5_000;

export type Progress = { show(share: number, text: string): void; end(text: string): void };

/** `show(share, text)` as often as one likes; `end(text)` leaves a last line behind. */
export function openProgress(output = process.stdout): Progress {
  const started = Date.now();
  let shown = 0;
  const line = (share: number, text: string) => {
    const s = String(Math.round((Date.now() - started) / 1_000)).padStart(4);
    const percent = `${String(Math.floor(share * 100)).padStart(3)} %`;
    if (!output.isTTY) return `${s} s  ${percent}  ${text}`;
    const filled = Math.round(share * WIDTH);
    return `[${"█".repeat(filled)}${"░".repeat(WIDTH - filled)}] ${percent} ${s} s  ${text}`;
  };
  return {
    show(share, text) {
      if (Date.now() - shown < (output.isTTY ? BAR_EVERY_MS : LINE_EVERY_MS)) return;
      shown = Date.now();
      const whole = line(share, text);
      // Never longer than a line: what wraps cannot be written over.
      if (output.isTTY) output.write(`\r\x1b[K${whole.slice(0, output.columns - 1)}`);
      else output.write(`${whole}\n`);
    },
    end(text) {
      output.write(`${output.isTTY ? "\r\x1b[K" : ""}${text}\n`);
    },
  };
}
