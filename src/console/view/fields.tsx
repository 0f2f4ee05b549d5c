/** Fields of forms, each with its label, a hint, and what is wrong with what was entered. */
import type { Child } from "hono/jsx";
import type { RefusedForm } from "../http/refused-form";

type Common = {
  /** The field's name, which is also the id of its element. */
  name: string;
  label: string;
  hint?: Child;
  /** What was wrong with what was entered. */
  fault?: string | undefined;
};

/** The attributes that tie an input to its hint and its fault. */
function toAria({ name, hint, fault }: Common) {
  const notes = [fault && `${name}-fault`, hint && `${name}-hint`].filter(Boolean).join(" ");
  return {
    "aria-invalid": fault ? ("true" as const) : undefined,
    "aria-describedby": notes || undefined,
  };
}

function Notes({ name, hint, fault }: Common) {
  return (
    <>
      {fault ? (
        <p id={`${name}-fault`} class="fault" role="alert">
          {fault}
        </p>
      ) : null}
      {hint ? (
        <p id={`${name}-hint`} class="hint">
          {hint}
        </p>
      ) : null}
    </>
  );
}

type TextProps = Common & {
  value?: string | undefined;
  type?: "text" | "url" | "datetime-local" | "search";
  required?: boolean;
  placeholder?: string;
  maxlength?: number;
  inputmode?: "decimal";
};

/** One line of text. */
export function TextField({ type = "text", value, required, ...rest }: TextProps) {
  const { name, label, hint, fault, placeholder, maxlength, inputmode } = rest;
  return (
    <div class="field">
      <label for={name}>{label}</label>
      <input
        id={name}
        name={name}
        type={type}
        value={value}
        required={required}
        placeholder={placeholder}
        maxlength={maxlength}
        inputmode={inputmode}
        step={type === "datetime-local" ? 1 : undefined}
        autocomplete="off"
        spellcheck={false}
        {...toAria({ name, label, hint, fault })}
      />
      <Notes {...{ name, label, hint, fault }} />
    </div>
  );
}

type AreaProps = Common & { value: string; rows: number; maxlength: number };

/** Several lines of text. */
export function AreaField({ value, rows, maxlength, ...rest }: AreaProps) {
  const { name, label } = rest;
  return (
    <div class="field">
      <label for={name}>{label}</label>
      <textarea id={name} name={name} rows={rows} maxlength={maxlength} {...toAria(rest)}>
        {value}
      </textarea>
      <Notes {...rest} />
    </div>
  );
}

type Option = { value: string; label: string };
type SelectProps = Common & { options: readonly Option[]; value?: string | undefined };

/** One of several. */
export function SelectField({ options, value, ...rest }: SelectProps) {
  const { name, label } = rest;
  return (
    <div class="field">
      <label for={name}>{label}</label>
      <select id={name} name={name} {...toAria(rest)}>
        {options.map((option) => (
          <option value={option.value} selected={option.value === value}>
            {option.label}
          </option>
        ))}
      </select>
      <Notes {...rest} />
    </div>
  );
}

type ChecksProps = Common & { options: readonly Option[]; checked: readonly string[] };

/** Any of several. */
export function CheckboxGroup({ options, checked, ...rest }: ChecksProps) {
  const { name, label } = rest;
  return (
    <fieldset class="field checks" {...toAria(rest)}>
      <legend>{label}</legend>
      <div class="options">
        {options.map((option) => (
          <label class="check">
            <input
              type="checkbox"
              name={name}
              value={option.value}
              checked={checked.includes(option.value)}
            />
            <span>{option.label}</span>
          </label>
        ))}
      </div>
      <Notes {...rest} />
    </fieldset>
  );
}

/** Says above a form why it was refused, in the API's words. What is wrong with a field is beside it too. */
export function FormFault({ refused }: { refused: RefusedForm | undefined }) {
  if (!refused) return null;
  return (
    <p class="notice bad" role="alert">
      {refused.detail}
    </p>
  );
}
