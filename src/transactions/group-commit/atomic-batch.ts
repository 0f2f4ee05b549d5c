/** One commit for a whole batch, in which a command that faults does not affect the others. */
import type { CommandOutcome } from "./batcher";

/** The changes of a batch. The platform commits everything that is written without an `await` between as a whole,
 *  https://developers.cloudflare.com/durable-objects/api/sqlite-storage-api/. */
export type ChangeTracker = {
  /** How many changes were made so far, written or not. */
  changes: () => number;
  /** Ends the object and discards what was written since the last `await`. Does not return. */
  reset: (fault: unknown) => never;
};

/** Runs all commands, each of which decides before it changes anything. A fault before the first change of a command
 *  is the outcome of that command alone. After a fault between its changes the commit would be incomplete: the object
 *  is reset, and the whole batch has no effect.
 *  @param finish writes what the commands have changed
 *  @returns the outcome of each command, in order */
export function commitBatch<Command, Value>(
  commands: Command[],
  run: (command: Command) => Value,
  finish: () => void,
  { changes, reset }: ChangeTracker,
): CommandOutcome<Value>[] {
  const outcomes = commands.map((command): CommandOutcome<Value> => {
    const before = changes();
    try {
      return { ok: true, result: run(command) };
    } catch (fault) {
      return changes() === before ? { ok: false, fault } : reset(fault);
    }
  });
  try {
    finish();
  } catch (fault) {
    reset(fault);
  }
  return outcomes;
}
