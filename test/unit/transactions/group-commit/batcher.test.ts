/** Group commit: how commands are gathered into batches. */
import { describe, expect, it } from "vitest";
import { Batcher, type CommandOutcome } from "../../../../src/transactions/group-commit/batcher";
import { CommitDelay } from "../../../../src/transactions/group-commit/commit-delay";
import { eventually } from "../../../support/eventually";
import { turn } from "../../../support/fake-clock";

describe("the batcher", () => {
  /** A batcher whose batches the test ends by hand; the outcome of a command is its name in capitals. */
  function stage(company = new CommitDelay()) {
    const plays: {
      commands: string[];
      end: (outcomes?: CommandOutcome<string>[]) => void;
      fail: (fault: Error) => void;
    }[] = [];
    const rounds = new Batcher<string, string>(company, (commands) => {
      const { promise, resolve, reject } = Promise.withResolvers<CommandOutcome<string>[]>();
      const all = commands.map(
        (command): CommandOutcome<string> => ({ ok: true, result: command.toUpperCase() }),
      );
      plays.push({ commands, end: (outcomes = all) => resolve(outcomes), fail: reject });
      return promise;
    });
    return { rounds, plays, played: () => plays.map(({ commands }) => commands) };
  }
  const outcomeOf = (answer: Promise<string>) =>
    answer.catch((fault: unknown) => `fault: ${fault instanceof Error ? fault.message : fault}`);

  it("An idle batcher starts a batch at once with one command, also after earlier batches have ended", async () => {
    const { rounds, plays, played } = stage();
    for (const [index, command] of ["a", "b"].entries()) {
      const answer = rounds.submit(command);
      await turn();
      expect(played()[index]).toEqual([command]);
      plays[index]?.end();
      expect(await answer).toBe(command.toUpperCase());
      await turn();
    }
  });

  it("Commands that arrive together share a batch, and those that arrive during it share the next one, in order", async () => {
    const { rounds, plays, played } = stage();
    const answers = ["a", "b"].map((command) => rounds.submit(command));
    await turn();
    expect(played()).toEqual([["a", "b"]]);
    answers.push(...["c", "d"].map((command) => rounds.submit(command)));
    plays[0]?.end();
    await turn();
    expect(played()).toEqual([
      ["a", "b"],
      ["c", "d"],
    ]);
    answers.push(rounds.submit("e"));
    plays[1]?.end();
    await turn();
    expect(played()[2]).toEqual(["e"]);
    plays[2]?.end();
    expect(await Promise.all(answers)).toEqual(["A", "B", "C", "D", "E"]);
  });

  it("A command's fault goes to its own caller alone", async () => {
    const { rounds, plays } = stage();
    const answers = ["a", "b", "c"].map((command) => outcomeOf(rounds.submit(command)));
    await turn();
    plays[0]?.end([
      { ok: true, result: "A" },
      { ok: false, fault: new Error("broken") },
      { ok: true, result: "C" },
    ]);
    expect(await Promise.all(answers)).toEqual(["A", "fault: broken", "C"]);
  });

  it("A batch that throws fails all of its commands, and none of the next batch", async () => {
    const { rounds, plays } = stage();
    const first = outcomeOf(rounds.submit("a"));
    await turn();
    const second = ["b", "c"].map((command) => outcomeOf(rounds.submit(command)));
    plays[0]?.fail(new Error("no disk"));
    expect(await first).toBe("fault: no disk");
    await turn();
    const third = outcomeOf(rounds.submit("d"));
    plays[1]?.fail(new Error("still none"));
    expect(await Promise.all(second)).toEqual(["fault: still none", "fault: still none"]);
    await eventually(() => expect(plays).toHaveLength(3));
    plays[2]?.end();
    expect(await third).toBe("D");
  });

  it("The batcher goes on after a batch that throws before it returns a promise", async () => {
    let plays = 0;
    const rounds = new Batcher<string, string>(new CommitDelay(), (commands) => {
      plays += 1;
      if (plays === 1) throw new Error("at once");
      return Promise.resolve(commands.map((result) => ({ ok: true, result })));
    });
    expect(await outcomeOf(rounds.submit("a"))).toBe("fault: at once");
    expect(await outcomeOf(rounds.submit("b"))).toBe("b");
  });

  it("A batch waits for the callers that the commit delay expects", async () => {
    const company = new CommitDelay();
    const { rounds, played } = stage(company);
    company.responded();
    company.responded();
    for (const command of ["a", "b"]) {
      expect(played()).toEqual([]);
      company.arrived();
      void rounds.submit(command);
      await turn();
    }
    expect(played()).toEqual([["a", "b"]]);
  });

  it("Every command gets a result when a batch settles too few", async () => {
    const { rounds, plays } = stage();
    const answer = outcomeOf(rounds.submit("a"));
    await turn();
    plays[0]?.end([]);
    expect(await answer).toMatch(/^fault: /);
  });

  it("A batch holds at most 512 commands, and all commands run once, in order", async () => {
    const sizes: number[] = [];
    const order: string[] = [];
    const rounds = new Batcher<string, string>(new CommitDelay(), async (commands) => {
      sizes.push(commands.length);
      order.push(...commands);
      await turn();
      return commands.map((result) => ({ ok: true, result }));
    });
    const commands = Array.from({ length: 1_100 }, (_, index) => `command ${index}`);
    const answers = await Promise.all(commands.map((command) => rounds.submit(command)));
    expect(answers).toEqual(commands);
    expect(order).toEqual(commands);
    expect(sizes).toEqual([512, 512, 76]);
  });
});
