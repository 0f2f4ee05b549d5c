/** Fraud rules, and allow and block lists. */
import type {
  BacktestRiskRules,
  CreateRiskListEntry,
  ReplaceRiskRules,
  RiskBacktest,
  RiskListEntry,
  RiskListEntryPage,
  RiskRulesSummary,
  RiskRulesSummaryList,
  RiskRules as RuleSet,
} from "../generated/schemas.js";
import { Pages } from "../pages.js";
import { removeOnce } from "../remove.js";
import type { CallOptions, Query, Transport } from "../transport.js";

export class RiskRules {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** The current version, or the `version` of the query. */
  get(query: Query<"getRiskRules"> = {}, options?: CallOptions): Promise<RuleSet> {
    return this.#transport.call("getRiskRules", { query, options });
  }

  /** The merchant's own versions, newest first, without their rules. */
  versions(
    query: Query<"listRiskRulesVersions"> = {},
    options?: CallOptions,
  ): Pages<RiskRulesSummary, RiskRulesSummaryList> {
    return new Pages((cursor = query.cursor) =>
      this.#transport.call("listRiskRulesVersions", { query: { ...query, cursor }, options }),
    );
  }

  /** Replaces the whole rule set. Not repeated after a lost response: get the rules, and compare their version. */
  replace(body: ReplaceRiskRules, options?: CallOptions): Promise<RuleSet> {
    return this.#transport.call("replaceRiskRules", { body, options });
  }

  /** Evaluates a rule set on stored payments, a page at a time, and changes nothing. */
  backtest(body: BacktestRiskRules, options?: CallOptions): Promise<RiskBacktest> {
    return this.#transport.call("backtestRiskRules", { body, options });
  }
}

export class RiskLists {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** Adds a value. If the list has it, its entry is kept, with the new note and expiry. */
  add(body: CreateRiskListEntry, options?: CallOptions): Promise<RiskListEntry> {
    return this.#transport.call("addRiskListEntry", { body, options });
  }

  get(id: string, options?: CallOptions): Promise<RiskListEntry> {
    return this.#transport.call("getRiskListEntry", { path: { id }, options });
  }

  /** Entries, newest first. */
  list(
    query: Query<"listRiskListEntries"> = {},
    options?: CallOptions,
  ): Pages<RiskListEntry, RiskListEntryPage> {
    return new Pages((cursor = query.cursor) =>
      this.#transport.call("listRiskListEntries", { query: { ...query, cursor }, options }),
    );
  }

  remove(id: string, options?: CallOptions): Promise<void> {
    return removeOnce(this.#transport.call("removeRiskListEntry", { path: { id }, options }));
  }
}
