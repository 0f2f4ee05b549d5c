/** Decides which batch a command joins. */
import type { ProcessorMode } from "../../domain/transaction/livemode";
import type { Command } from "../commands/command";
import type { BatchProcessor, Committed } from "./batch-processor";
import { Batcher } from "./batcher";
import { CommitDelay } from "./commit-delay";

const NO_DELAY = { wait: () => Promise.resolve() };

export class CommandBatchers {
  readonly #delay = new CommitDelay();
  readonly #batcher: Batcher<Command, Committed>;
  /** Claims need no decision inputs, so they do not wait for commands that do. */
  readonly #claims: Batcher<Command, Committed>;
  /** Outcomes of charges. The sandbox responds at once, so the claim and its outcome are one commit. Any other processor is
   *  called by a request, which the platform sends only after the commit of the claim. */
  readonly #outcomes: Batcher<Command, Committed>;

  constructor(processor: BatchProcessor, mode: ProcessorMode) {
    const run = (commands: Command[]) => processor.run(commands);
    this.#batcher = new Batcher(this.#delay, run);
    this.#claims = new Batcher(this.#delay, run);
    this.#outcomes = mode === "sandbox" ? new Batcher(NO_DELAY, run) : this.#batcher;
  }

  /** The result of a command, after its batch was committed. @throws the fault of the command or of its batch */
  submit(command: Command): Promise<Committed> {
    if (command.kind === "process") return this.#claims.submit(command);
    if (command.kind === "record") return this.#outcomes.submit(command);
    return this.#batcher.submit(command);
  }

  /** A caller's command has arrived. */
  arrived(): void {
    this.#delay.arrived();
  }

  /** A caller has its response, and may send its next command. */
  responded(): void {
    this.#delay.responded();
  }
}
