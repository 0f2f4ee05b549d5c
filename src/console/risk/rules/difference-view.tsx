/** The differences between two rule sets. */
import type { RuleSet } from "../../../domain/risk/rule-set";
import { TableFrame } from "../../view/parts";
import { type ChangedLine, compareRuleSets, type RuleChange } from "./compare";

const TONES: Record<RuleChange["kind"], string> = {
  added: "good",
  removed: "bad",
  changed: "wait",
};

export function DifferenceView({ before, after }: { before: RuleSet; after: RuleSet }) {
  const { rules, settings } = compareRuleSets(before, after);
  if (rules.length + settings.length === 0) return <p>They are the same.</p>;
  return (
    <>
      {settings.length === 0 ? null : (
        <TableFrame label="Changed settings">
          <table>
            <caption>Settings</caption>
            <thead>
              <tr>
                <th scope="col">Setting</th>
                <th scope="col">Before</th>
                <th scope="col">After</th>
              </tr>
            </thead>
            <tbody>
              {settings.map((name) => (
                <tr>
                  <th scope="row">
                    <code>{name}</code>
                  </th>
                  <td>{String(before[name])}</td>
                  <td>{String(after[name])}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </TableFrame>
      )}
      {rules.map(({ id, kind, lines }) => (
        <div class="difference">
          <h3>
            <code>{id}</code> <span class={`status ${TONES[kind]}`}>{kind}</span>
          </h3>
          <pre class="rule-text">
            {lines.map((line) => (
              <Line line={line} />
            ))}
          </pre>
        </div>
      ))}
    </>
  );
}

/** The sign is text, so that a change is seen without colours. */
function Line({ line: { sign, text } }: { line: ChangedLine }) {
  const shown = `${sign === "@" ? " " : sign} ${text}\n`;
  if (sign === "+") return <ins>{shown}</ins>;
  if (sign === "-") return <del>{shown}</del>;
  return <span>{shown}</span>;
}
