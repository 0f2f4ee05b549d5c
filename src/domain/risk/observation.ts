/** The messages to the velocity shards about one payment and one subject. */
import type { Subject } from "./rule-set";

/** A payment to be counted once for its subject, however often it is reported. `measures` are the requested values in
 *  order: `count.24h`, `sum.1h.completed`, `age_s` … `amount_minor` is in minor units of `currency`. */
export type Observation = {
  transaction_id: string;
  merchant_id: string;
  subject: Subject;
  /** The customer's id, or the metadata field's value. */
  value: string;
  user_id: string;
  currency: string;
  amount_minor: number;
  measures: string[];
};

/** A payment that was not completed: it no longer counts where only completed ones do. */
export type Release = {
  transaction_id: string;
  merchant_id: string;
  subject: Subject;
  value: string;
  outcome: "blocked" | "declined" | "cancelled";
};
