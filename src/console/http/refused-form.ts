/** What the API found wrong with what a form sent, by the form's fields. */
import type { ProblemBody } from "./api-client";

/** Why a form was refused. `fields` has a message for each field that is at fault, by its name. */
export type RefusedForm = { status: number; detail: string; fields: Record<string, string> };

/** @param names the form's names of members or parameters of the API, where they differ */
export function toRefusedForm(
  { status, detail, errors = [] }: ProblemBody,
  names: Record<string, string> = {},
): RefusedForm {
  const fields: Record<string, string> = {};
  for (const { pointer, parameter, message } of errors) {
    const member = parameter ?? pointer?.split("/")[1];
    if (member === undefined || member === "") continue;
    const text = `${message.slice(0, 1).toUpperCase()}${message.slice(1)}.`;
    fields[names[member] ?? member] ??= text;
  }
  return { status, detail, fields };
}
