/** Conditions of rules in words. A condition of a kind that a newer release stored is shown as JSON. */
import type { Child } from "hono/jsx";
import type {
  Condition,
  ConditionByKind,
  ListField,
  Measure,
  RuleAmount,
  Window,
} from "../../../domain/risk/rule-set";
import { secondsText } from "../../view/duration";
import { AmountWords, CurrencyWords, FoldedList } from "./amount-words";

export function ConditionWords({ condition }: { condition: Condition }) {
  if ("all" in condition) return <Parts lead="all of these hold:" parts={condition.all} />;
  if ("any" in condition)
    return <Parts lead="at least one of these holds:" parts={condition.any} />;
  if ("not" in condition) return <Parts lead="this does not hold:" parts={[condition.not]} />;
  if ("amount" in condition) return <AmountCondition condition={condition} />;
  if ("velocity" in condition) return <VelocityCondition condition={condition} />;
  if ("customer_age" in condition) {
    const age = secondsText(condition.customer_age.below_s);
    return <>the customer’s first payment was less than {age} ago</>;
  }
  if ("metadata" in condition) return <MetadataCondition condition={condition} />;
  if ("listed" in condition) {
    return (
      <>
        {FIELD_WORDS[condition.field]} is on the {condition.listed} list
      </>
    );
  }
  if ("currency" in condition) {
    return (
      <>
        the currency is {oneOf(condition.currency)} <CurrencyWords codes={condition.currency} />
      </>
    );
  }
  condition satisfies never;
  return <code>{JSON.stringify(condition)}</code>;
}

function Parts({ lead, parts }: { lead: string; parts: Condition[] }) {
  return (
    <>
      {lead}
      <ul class="conditions">
        {parts.map((part) => (
          <li>
            <ConditionWords condition={part} />
          </li>
        ))}
      </ul>
    </>
  );
}

function AmountCondition({ condition }: { condition: ConditionByKind["amount"] }) {
  const { amount, currency } = condition;
  const only = currency === undefined ? {} : { currency };
  if ("above" in amount) {
    return (
      <>
        the amount is above <AmountWords amount={amount.above} {...only} />
      </>
    );
  }
  return (
    <>
      the amount is a multiple of <AmountWords amount={amount.multiple_of} {...only} />
    </>
  );
}

const WINDOW_WORDS: Record<Window, string> = {
  "1m": "1 minute",
  "1h": "1 hour",
  "24h": "24 hours",
  "7d": "7 days",
};

const MEASURE_WORDS: Record<Measure, (above: Child) => Child> = {
  count: (above) => <>more than {above} payments</>,
  sum: (above) => <>payments of more than {above} together</>,
  customers: (above) => <>payments of more than {above} customers</>,
  amounts: (above) => <>payments of more than {above} different amounts</>,
  currencies: (above) => <>payments in more than {above} currencies</>,
  declined_percent: (above) => <>more than {above} % of the other payments declined</>,
};

function VelocityCondition({ condition }: { condition: ConditionByKind["velocity"] }) {
  const { velocity, above } = condition;
  const { of, measure, window, completed_only } = velocity;
  const limit =
    typeof above === "number" ? String(above) : <AmountWords amount={above as RuleAmount} />;
  return (
    <>
      within {WINDOW_WORDS[window]}, {MEASURE_WORDS[measure](limit)}
      {of === "customer" ? " of the customer" : " with the same "}
      {of === "customer" ? null : (
        <code>
          <bdi>{of}</bdi>
        </code>
      )}
      {completed_only ? ", without cancelled, blocked and declined ones" : ""}
    </>
  );
}

const oneOf = (values: readonly string[]) => (values.length > 1 ? "one of" : "");

function MetadataCondition({ condition }: { condition: ConditionByKind["metadata"] }) {
  const name = (
    <code>
      <bdi>metadata.{condition.metadata}</bdi>
    </code>
  );
  if ("in" in condition) {
    return (
      <>
        {name} is {oneOf(condition.in)} <FoldedList items={condition.in} noun="values" />
      </>
    );
  }
  return (
    <>
      {name} {condition.is_present ? "is present" : "is missing or empty"}
    </>
  );
}

const FIELD_WORDS: Record<ListField, string> = {
  customer: "the customer",
  ip: "the IP address",
  card_fingerprint: "the card’s fingerprint",
  email: "the email address",
  email_domain: "the domain of the email address",
  country: "the country",
};
