/** Which versions a request may change. */
import { expect, it } from "vitest";
import { refusedVersion } from "../../../../../src/domain/transaction/decisions/precondition";
import { created } from "../../../../support/examples";

const { transaction } = created();

it.each([undefined, [1], [7, 1]])("A request that expects %j changes version 1", (expected) => {
  expect(refusedVersion(transaction, { expected_versions: expected })).toBeUndefined();
});

it.each([[[2]], [[0, 3]], [[]]])(
  "A request that expects %j does not change version 1",
  (expected) => {
    expect(refusedVersion(transaction, { expected_versions: expected })).toEqual({
      code: "version_mismatch",
      version: 1,
      status: "pending",
    });
  },
);
