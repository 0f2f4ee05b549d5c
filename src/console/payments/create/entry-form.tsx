/** The two steps of creating a payment: the form, and the confirmation of what was entered. */
import type { AppContext } from "../../../api/context";
import type { Config } from "../../../config";
import type { CreateRequest } from "../../../domain/transaction/idempotency";
import type { Session } from "../../access/session";
import type { RefusedForm } from "../../http/refused-form";
import { AreaField, CheckboxGroup, FormFault, SelectField, TextField } from "../../view/fields";
import { moneyText } from "../../view/money";
import { OnceField } from "../../view/once";
import { ActionForm } from "../../view/parts";
import { renderPage } from "../../view/render";
import { chargeSentences, SummaryText } from "../actions/summary";
import { MAX_CUSTOMER_CHARACTERS, NEW_PAYMENT, PAYMENTS } from "../bodies";
import { Fact } from "../show/details-section";
import type { Entry } from "./entry";

/** The API accepts a description of this length. */
const MAX_DESCRIPTION_CHARACTERS = 500;
/** More than the API accepts, so that its message names what is too long. */
const MAX_METADATA_CHARACTERS = 65_536;

const CAPTURE_METHODS = [
  { value: "automatic", label: "Automatic" },
  { value: "manual", label: "Manual: captured later" },
];

/** `token` makes the create happen once: the same one from the first step to the last. */
type Step = { entry: Entry; token: string | undefined; refused?: RefusedForm | undefined };

export function renderEntry(c: AppContext, session: Session, step: Step): Response {
  const { refused } = step;
  return renderPage(
    c,
    session,
    { title: "New payment", status: refused?.status ?? 200 },
    <>
      <h1>New payment</h1>
      <ActionForm session={session} action={NEW_PAYMENT} class="card stack action-form">
        <OnceField token={step.token} />
        <FormFault refused={refused} />
        <Fields {...step} processor={c.get("config").processor.kind} />
        <div class="actions">
          <button type="submit" class="primary">
            Continue
          </button>
          <a class="button" href={PAYMENTS}>
            Back to the payments
          </a>
        </div>
      </ActionForm>
    </>,
  );
}

type FieldsProps = Step & { processor: Config["processor"]["kind"] };

function Fields({ entry, refused, processor }: FieldsProps) {
  const field = <Name extends keyof Entry>(name: Name) => ({
    name,
    value: entry[name],
    fault: refused?.fields[name],
  });
  const hasTokens = processor === "stripe" || processor === "http";
  return (
    <>
      <TextField
        {...field("user_id")}
        label="Customer"
        hint="Your id for the customer."
        maxlength={MAX_CUSTOMER_CHARACTERS}
        required
      />
      <div class="fields amount-fields">
        <TextField
          {...field("amount")}
          label="Amount"
          inputmode="decimal"
          placeholder="10.00"
          required
        />
        <TextField {...field("currency")} label="Currency" maxlength={3} required />
      </div>
      <SelectField {...field("capture_method")} label="Capture" options={CAPTURE_METHODS} />
      <CheckboxGroup
        name="process"
        label="Processing"
        options={[{ value: "yes", label: "Charge or authorize at once" }]}
        checked={[entry.process]}
        hint={
          processor === "none"
            ? "No processor is set: the payment can only be created."
            : "Without it the payment is created, and no money moves. The fraud rules decide in both cases."
        }
        fault={refused?.fields.process}
      />
      {hasTokens ? (
        <>
          <TextField
            {...field("payment_method")}
            label={`Payment method${processor === "stripe" ? "" : " (optional)"}`}
            hint="The processor's token. Never a card number."
          />
          <TextField
            {...field("customer")}
            label="Processor's customer (optional)"
            hint="The processor's token of the customer who owns the payment method."
          />
        </>
      ) : null}
      <TextField
        {...field("description")}
        label="Description (optional)"
        maxlength={MAX_DESCRIPTION_CHARACTERS}
      />
      <AreaField
        {...field("metadata")}
        label="Metadata (optional)"
        hint="One pair a line: order_id=1001"
        rows={3}
        maxlength={MAX_METADATA_CHARACTERS}
      />
    </>
  );
}

/** `alert`: why the API did not create it, though nothing entered is at fault. */
type Confirmation = Step & { request: CreateRequest; alert?: string; status?: number };

export function renderConfirmation(c: AppContext, session: Session, step: Confirmation): Response {
  const { entry, request, alert, status = 200 } = step;
  return renderPage(
    c,
    session,
    { title: "Create the payment", status },
    <>
      <h1>Create the payment?</h1>
      {alert === undefined ? null : (
        <p class="notice bad" role="alert">
          {alert}
        </p>
      )}
      <ActionForm session={session} action={NEW_PAYMENT} class="card stack action-form">
        <OnceField token={step.token} />
        {Object.entries(entry).map(([name, value]) => (
          <input type="hidden" name={name} value={value} />
        ))}
        <Summary request={request} isProcessed={entry.process === "yes"} />
        <Details request={request} />
        <div class="actions">
          <button type="submit" class="primary" name="step" value="create">
            {buttonOf(entry)}
          </button>
          <button type="submit" name="step" value="change">
            Change
          </button>
        </div>
      </ActionForm>
    </>,
  );
}

function buttonOf({ process, capture_method }: Entry): string {
  if (process !== "yes") return "Create the payment";
  return capture_method === "manual" ? "Create and authorize" : "Create and charge";
}

function Summary({ request, isProcessed }: { request: CreateRequest; isProcessed: boolean }) {
  const { amount_minor, currency, capture_method } = request;
  const amount = moneyText(amount_minor, currency);
  const customer = <bdi>{request.user_id}</bdi>;
  if (!isProcessed) {
    const later = capture_method === "manual" ? "authorized" : "charged";
    return (
      <SummaryText
        main={
          <>
            Create a payment of {amount} by {customer}
          </>
        }
        more={`No money moves until it is ${later}.`}
      />
    );
  }
  const { main, more } = chargeSentences(capture_method, amount, customer);
  return (
    <SummaryText
      main={main}
      more={`${more} A payment that the fraud rules hold or block is not processed.`}
    />
  );
}

function Details({ request }: { request: CreateRequest }) {
  const { description, metadata, details } = request;
  const facts = [
    ["Description", description],
    ["Payment method", details?.payment_method],
    ["Processor's customer", details?.customer],
    ...Object.entries(metadata),
  ].filter(([, value]) => value);
  if (facts.length === 0) return null;
  return (
    <dl class="facts">
      {facts.map(([name, value]) => (
        <Fact name={<bdi>{name}</bdi>}>
          <bdi class="free-text">{value}</bdi>
        </Fact>
      ))}
    </dl>
  );
}
