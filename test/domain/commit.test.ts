/** A round's commit: all in one, or each alone when one of them faults. */
import { describe, expect, it } from "vitest";
import { commitRound } from "../../src/transaction/commit";

/** A store whose transactions take back what a throw interrupts. */
function store() {
  const rows: string[] = [];
  let commits = 0;
  const transaction = <Value>(write: () => Value): Value => {
    const before = rows.length;
    try {
      const value = write();
      commits += 1;
      return value;
    } catch (fault) {
      rows.length = before;
      throw fault;
    }
  };
  return { rows, transaction, commits: () => commits };
}

describe("the commit of a round", () => {
  it("is one for all commands, answered in order", () => {
    const { rows, transaction, commits } = store();
    const run = (command: string) => `${command} is row ${rows.push(command)}`;
    expect(commitRound(["a", "b", "c"], run, transaction)).toEqual([
      { ok: true, answer: "a is row 1" },
      { ok: true, answer: "b is row 2" },
      { ok: true, answer: "c is row 3" },
    ]);
    expect(commits()).toBe(1);
  });

  it("gives a fault to its own command alone, and leaves nothing of it behind", () => {
    const { rows, transaction, commits } = store();
    const fault = new Error("no room");
    const run = (command: string) => {
      rows.push(command);
      if (command === "b") throw fault;
      return command.toUpperCase();
    };
    expect(commitRound(["a", "b", "c"], run, transaction)).toEqual([
      { ok: true, answer: "A" },
      { ok: false, fault },
      { ok: true, answer: "C" },
    ]);
    expect(rows).toEqual(["a", "c"]);
    expect(commits()).toBe(2);
  });
});
