/** W3C Trace Context: what is taken for a `traceparent`, and what becomes of it on the way. */
import { describe, expect, it } from "vitest";
import {
  parseTraceId,
  parseTraceparent,
  withSpan,
} from "../../../../src/domain/identity/traceparent";
import { continueTrace, nextSpan, randomHex } from "../../../../src/observability/trace-context";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN = "00f067aa0ba902b7";
const GIVEN = `00-${TRACE}-${SPAN}-01`;
const VALID = /^00-[0-9a-f]{32}-[0-9a-f]{16}-0[0-3]$/;

describe("a traceparent", () => {
  it.each([
    [GIVEN, GIVEN],
    [`00-${TRACE}-${SPAN}-00`, `00-${TRACE}-${SPAN}-00`],
    [`00-${TRACE}-${SPAN}-03`, `00-${TRACE}-${SPAN}-03`],
    // Flags without a meaning are not passed on.
    [`00-${TRACE}-${SPAN}-ff`, `00-${TRACE}-${SPAN}-03`],
    [`00-${TRACE}-${SPAN}-08`, `00-${TRACE}-${SPAN}-00`],
    // A later version is read as far as version 00 goes.
    [`cc-${TRACE}-${SPAN}-01`, GIVEN],
    [`cc-${TRACE}-${SPAN}-01-what-the-future-will-be-like`, GIVEN],
    [`01-${TRACE}-${SPAN}-01-`, GIVEN],
  ])("A valid traceparent is accepted: %s", (header, taken) =>
    expect(parseTraceparent(header)).toBe(taken),
  );

  it.each([
    ["nothing", ""],
    ["the forbidden version", `ff-${TRACE}-${SPAN}-01`],
    ["no trace", `00-${"0".repeat(32)}-${SPAN}-01`],
    ["no span", `00-${TRACE}-${"0".repeat(16)}-01`],
    ["capitals", GIVEN.toUpperCase()],
    ["other letters", `00-${TRACE.replace("4", "g")}-${SPAN}-01`],
    ["a version of one digit", `0-${TRACE}-${SPAN}-01`],
    ["a version of other letters", `0x-${TRACE}-${SPAN}-01`],
    ["a short trace", `00-${TRACE.slice(1)}-${SPAN}-01`],
    ["a long trace", `00-0${TRACE}-${SPAN}-01`],
    ["a short span", `00-${TRACE}-${SPAN.slice(1)}-01`],
    ["flags of one digit", `00-${TRACE}-${SPAN}-1`],
    ["no flags", `00-${TRACE}-${SPAN}`],
    ["more behind version 00", `${GIVEN}-more`],
    ["a later version with more that is not set apart", `cc-${TRACE}-${SPAN}-01more`],
    ["other separators", GIVEN.replaceAll("-", "_")],
    ["a space before", ` ${GIVEN}`],
    ["a space behind", `${GIVEN} `],
    ["a line behind", `${GIVEN}\n`],
    ["two of them", `${GIVEN}, ${GIVEN}`],
  ])("An invalid traceparent is not accepted: %s", (_, header) => {
    expect(parseTraceparent(header)).toBeUndefined();
    const fresh = continueTrace(header, randomHex());
    expect(fresh).toMatch(VALID);
    expect(fresh).not.toContain(TRACE);
  });

  it("A traceparent that is passed on keeps its trace and flags, and has a new parent id", () => {
    for (const flags of ["00", "01", "02", "03"]) {
      const given = `00-${TRACE}-${SPAN}-${flags}`;
      for (const next of [continueTrace(given, randomHex()), nextSpan(given)]) {
        expect(next).toMatch(VALID);
        expect([parseTraceId(next), next.slice(-2)]).toEqual([TRACE, flags]);
        expect(next).not.toContain(SPAN);
      }
    }
    expect(withSpan(GIVEN, "1234567890abcdef")).toBe(`00-${TRACE}-1234567890abcdef-01`);
  });

  it("Each request without a traceparent gets a new one", () => {
    const made = Array.from({ length: 100 }, () => continueTrace(undefined, randomHex()));
    expect(new Set(made.map(parseTraceId)).size).toBe(100);
    for (const one of made) expect(one).toMatch(VALID);
  });
});
