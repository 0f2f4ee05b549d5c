/** The form of the header If-Match. */
import { describe, expect, it } from "vitest";
import { TRANSACTIONS } from "../../../support/api";
import { ask, checkWholeFile, expectRefusal, headersOf } from "../../../support/contract";
import { canaryKey, shop } from "../../../support/shop";

const CALLS = ["process", "cancel", "capture", "review", "refunds"];
const cancel = (id: string, tag: string, call = "cancel") =>
  ask(`${TRANSACTIONS}/${id}/${call}`, {
    method: "POST",
    key: shop.key,
    headers: { "If-Match": tag, "Idempotency-Key": canaryKey() },
  });

describe("the If-Match header", () => {
  const FAULTY: Record<string, string> = {
    empty: "",
    "commas alone": ", ,",
    "a version without quotes": "1",
    "a weak tag in lower case": 'w/"1"',
    "a weak tag without quotes": "W/1",
    "a quote that is not closed": '"1',
    "two tags without a comma": '"1" "1"',
    "two tags without anything between": '"1""1"',
    "a star in a list": '"1", *',
    "a blank inside a tag": '"1 2"',
    "101 tags": Array(101).fill('"1"').join(),
  };
  for (const [what, tag] of Object.entries(FAULTY)) {
    it(`The If-Match header is refused by every call: ${what}`, async () => {
      const { id } = await shop.created();
      for (const call of CALLS) {
        const said = await expectRefusal(await cancel(id, tag, call), "invalid_request", call);
        expect(headersOf(said)).toEqual(["If-Match"]);
      }
      expect((await shop.find(id)).version).toBe(1);
    });
  }

  it.each([
    '"1"',
    '  "1"\t',
    '"2","1"',
    ',"2", ,"1",',
    '"a,b", "1"',
    'W/"1"',
    '"2", W/"1"',
    `${'"2",'.repeat(99)}"1"`,
    "*",
  ])("The If-Match header %s is for version 1", async (tag) => {
    const { id } = await shop.created();
    expect((await cancel(id, tag)).status).toBe(200);
  });

  it.each(['"01"', '"1.0"', '""', '"v1"', '"9007199254740993"', '"1,1"'])(
    "The If-Match header %s is valid, and for no version",
    async (tag) => {
      const { id } = await shop.created();
      await expectRefusal(await cancel(id, tag), "version_mismatch");
    },
  );

  it("The If-Match header of a transaction that does not exist is a 404", async () => {
    const missing = `txn_${"a".repeat(26)}`;
    for (const tag of ["*", '"1"']) {
      await expectRefusal(await cancel(missing, tag), "transaction_not_found");
    }
  });
});

checkWholeFile();
