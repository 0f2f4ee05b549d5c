/** Parses a value that has one of several forms. A plain union can only report that no form matches; here the member
 *  that is present selects the form, so that faults are reported at their location. */
import * as z from "zod";

type Forms = Record<string, z.ZodType>;

/** Selects the one of `forms` whose name is a member of the value. A form that allows a member with another form's
 *  name comes first in `forms`. @param what the value in messages, such as "a condition" */
export function keyedUnion<Given extends Forms>(
  what: string,
  forms: Given,
): z.ZodType<z.output<Given[keyof Given]>> {
  const names = Object.keys(forms);
  return z.unknown().transform((value, context) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      context.addIssue(`must be ${what}: an object with ${formatChoice(names)}`);
      return z.NEVER;
    }
    const name = names.find((one) => Object.hasOwn(value, one));
    const form = name === undefined ? undefined : forms[name];
    if (!form) {
      context.addIssue(`must have ${formatChoice(names)}`);
      return z.NEVER;
    }
    const parsed = form.safeParse(value);
    if (parsed.success) return parsed.data as z.output<Given[keyof Given]>; // Parsed by one of the forms.
    for (const issue of parsed.error.issues) {
      const raw = { ...toConflict(issue, name, names), input: value };
      context.issues.push(raw as z.core.$ZodRawIssue); // A reported issue has all members of a raw issue.
    }
    return z.NEVER;
  });
}

/** Reports the member of another form as a conflict and not as an unknown field. */
function toConflict(issue: z.core.$ZodIssue, name = "", names: string[]): z.core.$ZodIssue {
  const other =
    issue.code === "unrecognized_keys" && issue.path.length === 0
      ? issue.keys.find((key) => names.includes(key))
      : undefined;
  if (other === undefined) return issue;
  return { code: "custom", path: [other], message: `cannot be combined with ${name}` };
}

function formatChoice(names: string[]): string {
  const last = names.at(-1) ?? "";
  return names.length === 1 ? last : `one of ${names.slice(0, -1).join(", ")} or ${last}`;
}
