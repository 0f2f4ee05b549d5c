/** The commit of a batch: all commands in one transaction, and what happens when something throws. */
import { describe, expect, it } from "vitest";
import { commitBatch } from "../../../../src/transactions/group-commit/atomic-batch";

const FAULT = new Error("no room");
const RESET = new Error("the object was reset");

/** Rows in a commit that an object's end drops. */
function ledger() {
  const rows: string[] = [];
  const resets: unknown[] = [];
  const write = (row: string) => {
    rows.push(row);
    return `${row} is row ${rows.length}`;
  };
  const reset = (fault: unknown): never => {
    resets.push(fault);
    throw RESET;
  };
  return { rows, resets, write, changes: () => rows.length, reset };
}

const nothing = () => {};

describe("the commit of a batch", () => {
  it("A batch has one commit for all commands, which get their results in order, and finishes once", () => {
    const book = ledger();
    const settled = commitBatch(["a", "b"], book.write, () => void book.write("end"), book);
    expect(settled).toEqual([
      { ok: true, result: "a is row 1" },
      { ok: true, result: "b is row 2" },
    ]);
    expect(book.rows).toEqual(["a", "b", "end"]);
  });

  it("A fault in deciding goes to its own command alone", () => {
    const book = ledger();
    const run = (command: string) => {
      if (command === "b") throw FAULT;
      return book.write(command);
    };
    expect(commitBatch(["a", "b", "c"], run, nothing, book)).toEqual([
      { ok: true, result: "a is row 1" },
      { ok: false, fault: FAULT },
      { ok: true, result: "c is row 2" },
    ]);
    expect(book.resets).toEqual([]);
  });

  it("A batch is dropped with its object when a command throws with its changes half made", () => {
    const book = ledger();
    const run = (command: string) => {
      book.write(command);
      if (command === "b") throw FAULT;
      return command;
    };
    expect(() => commitBatch(["a", "b", "c"], run, nothing, book)).toThrow(RESET);
    expect(book.resets).toEqual([FAULT]);
    expect(book.rows).toEqual(["a", "b"]);
  });

  it("A batch is dropped with its object when it cannot be finished", () => {
    const book = ledger();
    const finish = () => {
      throw FAULT;
    };
    expect(() => commitBatch(["a"], book.write, finish, book)).toThrow(RESET);
    expect(book.resets).toEqual([FAULT]);
  });
});
