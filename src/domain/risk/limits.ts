/** Limits of rule sets and lists. Each bounds a cost of every payment: time to decide, counts to store, memory of a
 *  shard. */

/** More than an analyst can oversee, and still well below a millisecond to evaluate. */
export const MAX_RULES = 100;
/** All of a rule set's conditions together, combinators included. */
export const MAX_CONDITIONS = 500;
/** A single condition has depth 1; each all, any or not around it adds one. */
export const MAX_DEPTH = 5;
/** Different velocity signals: each is a number that is frozen with every payment. */
export const MAX_SIGNALS = 32;
/** Different metadata fields with velocity signals: each is one more count of every payment. */
export const MAX_COUNTED_FIELDS = 8;
/** Values of one `in`; for more there are lists. */
export const MAX_VALUES = 100;
/** Currencies of one `currency`, or amounts by currency: more than there are. */
export const MAX_CURRENCIES = 200;
/** As the names and values of a transaction's metadata. */
export const MAX_FIELD_CHARACTERS = 40;
export const MAX_VALUE_CHARACTERS = 500;
export const MAX_RULE_ID_CHARACTERS = 64;
export const MAX_POINTS = 100;
/** No score is as high: a threshold that is never reached. */
export const OUT_OF_REACH = 101;
/** Ten years, in seconds: older than any customer that a rule would call new. */
export const MAX_AGE_S = 315_360_000;
/** Long enough for a weekend. */
export const DEFAULT_REVIEW_S = 259_200;
/** Thirty days. */
export const MAX_REVIEW_S = 2_592_000;
/** Both lists of a merchant together. A shard that sees the merchant's payments keeps them in memory. */
export const MAX_LIST_ENTRIES = 5_000;
/** Versions that are kept of a merchant's rule set, so that old decisions can be read beside their rules. */
export const MAX_KEPT_VERSIONS = 1_000;
