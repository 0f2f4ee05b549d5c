/** The settings of the processor's operations. */
import { expect, it } from "vitest";
import { readConfig } from "../../src/config";
import type { Env } from "../../src/env";

const HTTP = { PROCESSOR: "http", PROCESSOR_URL: "https://psp.example" };
const configOf = (settings: object) => readConfig(settings as Env); // No bindings are read here.

it.each([
  [undefined, []],
  ["", []],
  [" ", []],
  ["refund", ["refund"]],
  ["authorize,capture,void", ["authorize", "capture", "void"]],
  [" find , refund ", ["find", "refund"]],
  ["capture", ["capture"]],
])("PROCESSOR_OPERATIONS %j names what the HTTP processor knows: %j", (text, operations) => {
  const settings = text === undefined ? HTTP : { ...HTTP, PROCESSOR_OPERATIONS: text };
  expect(configOf(settings).processor).toMatchObject({ kind: "http", operations });
});

it.each(["charge", "refunds", "Refund", "refund,", ",refund", "refund;find", "refund find"])(
  "PROCESSOR_OPERATIONS %j is refused at the start",
  (text) => {
    expect(() => configOf({ ...HTTP, PROCESSOR_OPERATIONS: text })).toThrow(
      "PROCESSOR_OPERATIONS: must be names of authorize, capture, void, refund, find, with commas between them",
    );
  },
);

it.each(["authorize", "authorize,capture", "void,authorize,refund,find"])(
  "Money that could not be taken or released is not authorized: PROCESSOR_OPERATIONS %j is refused",
  (text) => {
    expect(() => configOf({ ...HTTP, PROCESSOR_OPERATIONS: text })).toThrow(
      "PROCESSOR_OPERATIONS: must have capture and void when it has authorize",
    );
  },
);
