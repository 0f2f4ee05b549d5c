/** docs/stripe-mapping.md has the tables of the code, and no other rows. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { CURRENCY_CODES, findCurrency } from "../../../../src/domain/money/currency";
import { toStripeAmount } from "../../../../src/processor/stripe/amounts";
import { DECLINE_CODES, toFailure } from "../../../../src/processor/stripe/decline-codes";

const DOC = readFileSync(join(import.meta.dirname, "../../../../docs/stripe-mapping.md"), "utf8");

/** The cells of the table after a heading. */
function tableOf(heading: string): string[][] {
  const [, section = ""] = DOC.split(`\n## ${heading}\n`);
  const [text = ""] = section.split("\n## ");
  return text
    .split("\n")
    .filter((line) => line.startsWith("| `"))
    .map((line) => line.split("|").slice(1, -1))
    .map((cells) => cells.map((cell) => cell.trim()));
}
const codesIn = (cell = "") => [...cell.matchAll(/`([^`]+)`/g)].map(([, code = ""]) => code);

describe("The table of decline codes", () => {
  it("It has a row for each of our codes, with all of Stripe's that become it", () => {
    const documented = tableOf("Decline codes").map(([code = "", stripe]) => [
      codesIn(code)[0],
      codesIn(stripe),
    ]);
    const own = Object.entries(DECLINE_CODES).map(([code, { stripe }]) => [
      code,
      stripe.split(/\s+/).filter(Boolean),
    ]);
    expect(documented).toEqual(own);
  });

  it("Each code of Stripe becomes one of ours, and is kept where ours is another", () => {
    const all = Object.values(DECLINE_CODES).flatMap(({ stripe }) => stripe.split(/\s+/));
    const named = all.filter(Boolean);
    expect(new Set(named).size).toBe(named.length);
    for (const [code, { message, stripe }] of Object.entries(DECLINE_CODES)) {
      for (const name of stripe.split(/\s+/).filter(Boolean)) {
        const kept = name === code ? {} : { processor_code: name };
        expect(toFailure([name], "processor_declined")).toEqual({ code, message, ...kept });
      }
    }
  });

  it("The most exact known code decides, and an unknown one is kept", () => {
    expect(toFailure(["a_new_code", "expired_card"], "card_declined")).toEqual({
      code: "expired_card",
      message: "The card has expired",
    });
    expect(toFailure(["a_new_code", null], "card_declined")).toEqual({
      code: "card_declined",
      message: "The card was declined",
      processor_code: "a_new_code",
    });
  });

  it.each([null, undefined, "", "<b>", "a b", "4242424242424242", "constructor\n", "é"])(
    "%j is no code, and is not kept",
    (code) => {
      expect(toFailure([code], "processor_declined")).toEqual({
        code: "processor_declined",
        message: "The processor declined the request",
      });
    },
  );

  it("A code of any length is cut", () => {
    const { processor_code } = toFailure(["a".repeat(1_000)], "processor_declined");
    expect(processor_code).toHaveLength(64);
  });
});

describe("The table of amounts", () => {
  it("Each currency that is converted is in one row, with the right decimals", () => {
    const rows = tableOf("Amounts").flatMap(([codes, iso, atStripe]) =>
      codesIn(codes).map((code) => [code, Number(iso), Number(atStripe?.split(",")[0])]),
    );
    const converted = CURRENCY_CODES.flatMap((code) => {
      const decimals = findCurrency(code)?.decimals ?? Number.NaN;
      const unit = toStripeAmount(10 ** decimals, code);
      return unit === undefined ? [] : [[code, decimals, Math.log10(unit)]];
    });
    expect(rows.toSorted()).toEqual(converted.toSorted());
  });
});
