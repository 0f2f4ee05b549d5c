/** Durations as text. */
import { expect, it } from "vitest";
import { durationText } from "../../../../src/console/view/duration";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

it.each([
  [-1, "less than a minute"],
  [MINUTE_MS - 1, "less than a minute"],
  [MINUTE_MS, "1 min"],
  [HOUR_MS - 1, "59 min"],
  [HOUR_MS, "1 h"],
  [48 * HOUR_MS - 1, "47 h"],
  [48 * HOUR_MS, "2 days"],
  [72 * HOUR_MS - 1, "2 days 23 h"],
])("%i milliseconds are shown as %s", (ms, text) => {
  expect(durationText(ms)).toBe(text);
});
