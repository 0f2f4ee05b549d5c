/** The editor of the rules, with what is wrong in its text, and the backtest beside it. */
import type { Child } from "hono/jsx";
import type { Session } from "../../access/session";
import { SelectField, TextField } from "../../view/fields";
import { ActionForm } from "../../view/parts";
import { EDIT, RISK, versionPath } from "../parts";
import { type Draft, LIMITS, type Refused } from "./draft";
import type { TextFault } from "./rules-text";

type Props = {
  session: Session;
  draft: Draft;
  refused: Refused | undefined;
  /** Above the editor: a conflict. */
  above?: Child;
  /** Beside it: the report of a backtest. */
  report?: Child;
};

export function EditorView({ session, draft, refused, above, report }: Props) {
  const faults = refused?.faults ?? [];
  return (
    <>
      <h1>Edit the rules</h1>
      <p class="muted">
        From <a href={versionPath(Number(draft.version))}>version {draft.version}</a>. Saving makes
        the next version, which is in force everywhere within 5 seconds.
      </p>
      {above}
      {refused && !above ? <Faults refused={refused} /> : null}
      <ActionForm session={session} action={EDIT} class="edit" id="edit-form">
        <input type="hidden" name="version" value={draft.version} />
        <div class="edit-text">
          <label for="text">Rules as JSON</label>
          <div class="editor">
            <textarea
              id="text"
              name="text"
              rows={28}
              wrap="off"
              spellcheck={false}
              autocapitalize="none"
              aria-invalid={faults.length > 0 ? "true" : undefined}
              aria-describedby={faults.length > 0 ? "faults" : undefined}
            >
              {`\n${draft.text}`}
            </textarea>
          </div>
          <div class="actions">
            <button type="submit" class="primary">
              Save
            </button>
            <a class="button" href={RISK}>
              Do not save
            </a>
          </div>
        </div>
        <BacktestFields draft={draft} fields={refused?.fields ?? {}} report={report} />
      </ActionForm>
    </>
  );
}

function Faults({ refused: { detail, faults } }: { refused: Refused }) {
  return (
    <div class="notice bad" role="alert" id="faults">
      {faults.length === 0 ? <p>{detail}</p> : <p>Nothing was saved or tried:</p>}
      {faults.length === 0 ? null : (
        <ol class="text-faults">
          {faults.map((fault) => (
            <FaultItem fault={fault} />
          ))}
        </ol>
      )}
    </div>
  );
}

/** The script moves the cursor to the place; without it the link leads to the editor. */
function FaultItem({ fault }: { fault: TextFault }) {
  const { line, column, offset, length, path, message, source } = fault;
  return (
    <li>
      <a
        href="#text"
        data-line={String(line)}
        data-offset={String(offset)}
        data-length={String(length)}
      >
        Line {line}, column {column}
      </a>
      :{" "}
      {path === "" ? null : (
        <>
          <code>
            <bdi>{path}</bdi>
          </code>{" "}
        </>
      )}
      <bdi>{message}</bdi>
      {source === "" ? null : (
        <code class="fault-source">
          <bdi>{source}</bdi>
        </code>
      )}
    </li>
  );
}

type FieldsProps = { draft: Draft; fields: Record<string, string>; report: Child };

function BacktestFields({ draft, fields, report }: FieldsProps) {
  return (
    <section class="card backtest" aria-labelledby="backtest">
      <h2 id="backtest">Try it before saving</h2>
      <p class="muted">
        A backtest decides stored payments again with the rules in the editor, the newest first. It
        changes nothing.
      </p>
      <div class="fields">
        <TextField
          name="from"
          label="Created from, in UTC"
          type="datetime-local"
          value={draft.from}
          fault={fields.from}
        />
        <TextField
          name="to"
          label="Created before, in UTC"
          type="datetime-local"
          value={draft.to}
          fault={fields.to}
        />
        <SelectField
          name="limit"
          label="Payments at most"
          options={LIMITS.map((value) => ({ value, label: value }))}
          value={draft.limit}
          fault={fields.limit}
        />
      </div>
      <div class="actions">
        <button type="submit" formaction={`${EDIT}/backtest`}>
          Run a backtest
        </button>
      </div>
      {report}
    </section>
  );
}
