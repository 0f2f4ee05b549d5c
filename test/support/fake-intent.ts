/** A payment at a processor that reports: what it is, whatever it was asked for, and every report that it has sent. */
import type { PaymentReport } from "../../src/domain/transaction/report";
import type { Answer } from "../../src/processor/processor";
import { DECLINED } from "./examples";

const REFERENCE = "pi_1";
export const ACTION = {
  type: "redirect_to_url" as const,
  redirect_to_url: {
    url: "https://processor.example/authenticate?secret=s3cret",
    return_url: null,
  },
};
export const MINOR = 10_050;

type State = PaymentReport["state"];

export class FakeIntent {
  state: State | "none" = "none";
  captured = 0;
  readonly reports: PaymentReport[] = [];
  readonly #isManual: boolean;
  readonly #begins: State;

  /** @param begins the state of a payment that was just made */
  constructor(isManual: boolean, begins: "action_required" | "failed" | "done") {
    this.#isManual = isManual;
    this.#begins = begins === "done" ? this.#held : begins;
  }

  get #held(): State {
    return this.#isManual ? "authorized" : "succeeded";
  }

  /** The customer authenticates, or does not. */
  act(isSuccess: boolean): void {
    if (this.state === "action_required") this.#move(isSuccess ? this.#held : "failed");
  }

  /** The first call makes the payment; later ones find it. */
  charge(): Answer {
    if (this.state === "none") this.#move(this.#begins);
    const named = { processor_reference: REFERENCE };
    switch (this.state) {
      case "action_required":
        return { kind: "action_required", next_action: ACTION, ...named };
      case "failed":
        return { kind: "declined", failure: DECLINED, ...named };
      case "cancelled":
        return { kind: "released", ...named };
      case "succeeded":
        return this.#isManual
          ? { kind: "captured", captured_minor: this.captured, ...named }
          : { kind: "done", ...named };
      default:
        return { kind: "done", ...named };
    }
  }

  void(): Answer {
    if (this.state === "succeeded") {
      return { kind: "too_late", done: "charge", captured_minor: this.captured };
    }
    if (this.state !== "cancelled") this.#move("cancelled");
    return { kind: "done" };
  }

  capture(minor: number): Answer {
    if (this.state === "authorized") this.#move("succeeded", minor);
    if (this.state === "cancelled") return { kind: "released" };
    if (this.captured === minor) return { kind: "done" };
    return { kind: "captured", captured_minor: this.captured };
  }

  /** At the processor's dashboard. */
  captureThere(minor: number): void {
    if (this.state === "authorized") this.#move("succeeded", minor);
  }

  /** At the processor's dashboard, or by the card's issuer. */
  cancelThere(): void {
    if (["authorized", "action_required"].includes(this.state)) this.#move("cancelled");
  }

  #move(state: State, captured = MINOR): void {
    this.state = state;
    const about = {
      kind: "payment",
      processor_reference: REFERENCE,
      amount_minor: MINOR,
      currency: "USD",
    } as const;
    if (state === "succeeded") {
      this.captured = captured;
      this.reports.push({ ...about, state, captured_minor: captured });
    } else if (state === "failed") this.reports.push({ ...about, state, failure: DECLINED });
    else if (state === "action_required") {
      this.reports.push({ ...about, state, next_action: ACTION });
    } else this.reports.push({ ...about, state });
  }
}
