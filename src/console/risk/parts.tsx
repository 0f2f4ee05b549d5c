/** What the pages about fraud rules share: addresses, tabs, and rule sets as the API returns them. */
import stringify from "json-stringify-pretty-compact";
import type { RuleSet } from "../../domain/risk/rule-set";
import type { ApiClient } from "../http/api-client";
import { Tabs } from "../view/tabs";

export const RISK = "/console/risk";
export const EDIT = `${RISK}/edit`;
export const VERSIONS = `${RISK}/versions`;
export const LISTS = `${RISK}/lists`;
export const RULES_API = "/api/v1/risk/rules";

export const versionPath = (version: number): string => `${VERSIONS}/${version}`;

/** A rule set of the API. Its conditions are those of the domain, which the API's documented schema shows as one flat
 *  object. `created_at` is null for version 0, the deployment's default. */
export type RuleSetBody = RuleSet & { version: number; created_at: string | null };

/** @param version the current one by default. @throws PageProblem */
export function readRules(api: ApiClient, version?: number): Promise<RuleSetBody> {
  return api.get<RuleSetBody>(RULES_API, { version });
}

/** The rules as text for readers: short objects take one line. Without version and time, which the API sets. */
export function toText({ version: _, created_at: __, ...ruleSet }: RuleSetBody): string {
  return stringify(ruleSet, { maxLength: LINE_CHARACTERS });
}

/** Short enough for a narrow column of differences. */
const LINE_CHARACTERS = 90;

/** One part of a rule set as text. */
export function partToText(part: unknown): string {
  return stringify(part, { maxLength: LINE_CHARACTERS });
}

type Current = typeof RISK | typeof VERSIONS | typeof LISTS;

export function RiskTabs({ current }: { current: Current }) {
  const tabs = [
    { path: RISK, label: "Rules" },
    { path: VERSIONS, label: "Versions" },
    { path: LISTS, label: "Lists" },
  ];
  return <Tabs label="Risk" tabs={tabs} current={current} />;
}

/** A time as browsers send it, without a zone, which the page says is UTC. Other text stays for the API to judge. */
export function toUtc(text: string): string {
  const match = /^(\d{4}-\d\d-\d\dT\d\d:\d\d)(:\d\d)?$/.exec(text);
  return match ? `${match[1]}${match[2] ?? ":00"}Z` : text;
}
