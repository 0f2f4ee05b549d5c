/** Group commit: commands that arrive while a batch is in progress form the next batch.
 *
 *  An idle shard has batches of one command and no delay. A busy one shares the cost of a commit among all commands of
 *  a batch. What a command is does not matter here. */
import type { CommitDelay } from "./commit-delay";

/** Bounds a batch's memory, and how long its last command waits for its first. */
const MAX_BATCH_COMMANDS = 512;

export type CommandOutcome<Value> = { ok: true; result: Value } | { ok: false; fault: unknown };

type Waiting<Command, Value> = {
  command: Command;
  resolve: (result: Value) => void;
  reject: (fault: unknown) => void;
};

export class Batcher<Command, Value> {
  readonly #run: (commands: Command[]) => Promise<CommandOutcome<Value>[]>;
  readonly #delay: CommitDelay;
  #waiting: Waiting<Command, Value>[] = [];
  #isRunning = false;

  /** @param delay before a batch starts
   *  @param run decides and commits a batch, and returns the outcome of each command in order; a fault that it throws is
   *    the fault of each */
  constructor(delay: CommitDelay, run: (commands: Command[]) => Promise<CommandOutcome<Value>[]>) {
    this.#delay = delay;
    this.#run = run;
  }

  /** The result of a command, after its batch was committed. @throws the fault of the command or of its batch */
  submit(command: Command): Promise<Value> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ command, resolve, reject });
      if (!this.#isRunning) void this.#runAll();
    });
  }

  async #runAll(): Promise<void> {
    this.#isRunning = true;
    while (this.#waiting.length > 0) {
      if (this.#waiting.length < MAX_BATCH_COMMANDS) await this.#delay.wait();
      await this.#runOne(this.#waiting.splice(0, MAX_BATCH_COMMANDS));
    }
    this.#isRunning = false;
  }

  async #runOne(batch: Waiting<Command, Value>[]): Promise<void> {
    try {
      const outcomes = await this.#run(batch.map(({ command }) => command));
      batch.forEach(({ resolve, reject }, index) => {
        const outcome = outcomes[index];
        if (outcome?.ok) resolve(outcome.result);
        else reject(outcome?.fault);
      });
    } catch (fault) {
      for (const { reject } of batch) reject(fault);
    }
  }
}
