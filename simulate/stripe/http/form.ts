// Form-encoded parameters as Stripe's API takes them: `metadata[order]=7&expand[0]=latest_charge`. Pure.
import { invalid } from "./errors.ts";

export type Form = { [name: string]: string | Form };

const METADATA_MAX = 50;
const METADATA_KEY_MAX = 40;
const METADATA_VALUE_MAX = 500;

const emptyForm = (): Form => Object.create(null) as Form;

/** Reads the text of a body or a query. Lists are forms whose names are positions. */
export function readForm(text: string): Form {
  const form = emptyForm();
  for (const [name, value] of new URLSearchParams(text)) {
    const path = name
      .split(/\[|\]\[|\]$/)
      .filter((part, at, all) => part !== "" || at < all.length - 1);
    let at = form;
    for (const [depth, part] of path.entries()) {
      const own = part === "" ? String(Object.keys(at).length) : part;
      if (depth === path.length - 1) at[own] = value;
      else {
        const next = at[own];
        const inner = typeof next === "object" ? next : emptyForm();
        at[own] = inner;
        at = inner;
      }
    }
  }
  return form;
}

/** The same text for the same parameters in any order. */
export function canonicalForm(form: Form): string {
  const entries = Object.entries(form).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify(
    entries.map(([name, value]) => [
      name,
      typeof value === "string" ? value : canonicalForm(value),
    ]),
  );
}

/** Parameters of a request, checked as they are read. */
export class Params {
  private readonly form: Form;

  /** @throws for a parameter that is not among `allowed` */
  constructor(form: Form, allowed: string[]) {
    const unknown = Object.keys(form).find((name) => !allowed.includes(name));
    if (unknown !== undefined) {
      throw invalid(`Received unknown parameter: ${unknown}`, {
        code: "parameter_unknown",
        param: unknown,
      });
    }
    this.form = form;
  }

  text(name: string): string | null {
    const value = this.form[name];
    if (value === undefined || value === "") return null;
    if (typeof value !== "string") throw invalid(`Invalid string: ${name}`, { param: name });
    return value;
  }

  needed(name: string): string {
    const value = this.text(name);
    if (value !== null) return value;
    throw invalid(`Missing required param: ${name}.`, { code: "parameter_missing", param: name });
  }

  /** One of the values; the first one by default. */
  choice<Value extends string>(name: string, values: readonly [Value, ...Value[]]): Value {
    const value = this.text(name) ?? values[0];
    const found = values.find((one) => one === value);
    if (found !== undefined) return found;
    throw invalid(`Invalid ${name}: must be one of ${values.join(", ")}`, { param: name });
  }

  whole(name: string): number | null {
    const value = this.text(name);
    if (value === null) return null;
    if (/^-?\d{1,15}$/.test(value)) return Number(value);
    throw invalid(`Invalid integer: ${value}`, { code: "parameter_invalid_integer", param: name });
  }

  flag(name: string): boolean {
    return this.choice(name, ["false", "true"]) === "true";
  }

  inner(name: string, allowed: string[]): Params | null {
    const value = this.form[name];
    if (value === undefined) return null;
    if (typeof value === "string") throw invalid("Invalid object", { param: name });
    return new Params(value, allowed);
  }

  list(name: string): string[] {
    const value = this.form[name];
    if (value === undefined) return [];
    if (typeof value === "string") throw invalid("Invalid array", { param: name });
    return Object.values(value).filter((one) => typeof one === "string");
  }

  metadata(): Record<string, string> {
    const value = this.form.metadata ?? emptyForm();
    const entries = typeof value === "string" ? [] : Object.entries(value);
    const isFit = entries.every(
      ([name, text]) =>
        typeof text === "string" &&
        name.length <= METADATA_KEY_MAX &&
        text.length <= METADATA_VALUE_MAX,
    );
    if (entries.length > METADATA_MAX || !isFit) {
      throw invalid("Metadata has too many or too long members", { param: "metadata" });
    }
    return Object.fromEntries(entries) as Record<string, string>; // Every value is a text, as checked.
  }
}
