/** The pace of a shard: what arrives while one round is under way forms the next one.
 *
 *  Idle, a round holds one command and waits for nobody. Busy, the price of a round (a hop to the
 *  velocity object, a commit, a write to the book) is shared by all its commands. Knows nothing of
 *  what a command is. */

/** Bounds a round's memory and how long its last command waits for its first. */
const MAX_ROUND_COMMANDS = 256;

/** The shortest wait there is, and how often it is taken at most: about as long as a commit and a write of
 *  the book take, so waiting for company never costs more than it saves. */
const TICK_MS = 1;
const MAX_TICKS = 8;

export type Settled<Answer> = { ok: true; answer: Answer } | { ok: false; fault: unknown };

type Waiting<Command, Answer> = {
  command: Command;
  resolve: (answer: Answer) => void;
  reject: (fault: unknown) => void;
};

/** What a round gives back: an answer for each command, and when the next round may start. */
export type Round<Answer> = { settled: Settled<Answer>[]; next: Promise<unknown> };

export class Rounds<Command, Answer> {
  readonly #play: (commands: Command[]) => Promise<Round<Answer>>;
  #waiting: Waiting<Command, Answer>[] = [];
  #running = false;

  /** @param play decides and commits a round; a throw fails all of its commands. */
  constructor(play: (commands: Command[]) => Promise<Round<Answer>>) {
    this.#play = play;
  }

  submit(command: Command): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ command, resolve, reject });
      if (!this.#running) void this.#run();
    });
  }

  async #run(): Promise<void> {
    this.#running = true;
    while (this.#waiting.length > 0) {
      const round = this.#waiting.splice(0, MAX_ROUND_COMMANDS);
      await this.#playOne(round);
      if (round.length > 1) await this.#gather();
    }
    this.#running = false;
  }

  async #playOne(round: Waiting<Command, Answer>[]): Promise<void> {
    try {
      const { settled, next } = await this.#play(round.map(({ command }) => command));
      round.forEach(({ resolve, reject }, index) => {
        const outcome = settled[index];
        if (outcome?.ok) resolve(outcome.answer);
        else reject(outcome?.fault);
      });
      await next;
    } catch (fault) {
      for (const { reject } of round) reject(fault);
    }
  }

  /** After a full round its callers are about to come back. Without this pause the first of them would
   *  get a round of its own, and all others would wait for that. It lasts while commands keep coming. */
  async #gather(): Promise<void> {
    for (let tick = 0; tick < MAX_TICKS; tick++) {
      const before = this.#waiting.length;
      await new Promise<void>((resolve) => setTimeout(resolve, TICK_MS));
      if (this.#waiting.length === before) return;
    }
  }
}
