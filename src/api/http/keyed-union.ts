/** Reading a value that may have one of several forms. A plain union of schemas can only say that none of
 *  them fits; here the member that is there chooses the form, so that a fault is told where it is. */
import * as z from "zod";

type Forms = Record<string, z.ZodType>;

/** The one of `forms` whose member the value has. Where a form allows a member that another is named by,
 *  it comes first in `forms`. @param what names such a value in messages: "a condition". */
export function keyedUnion<Given extends Forms>(
  what: string,
  forms: Given,
): z.ZodType<z.output<Given[keyof Given]>> {
  const names = Object.keys(forms);
  return z.unknown().transform((value, context) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      context.addIssue(`must be ${what}: an object with ${oneOf(names)}`);
      return z.NEVER;
    }
    const name = names.find((one) => Object.hasOwn(value, one));
    const form = name === undefined ? undefined : forms[name];
    if (!form) {
      context.addIssue(`must have ${oneOf(names)}`);
      return z.NEVER;
    }
    const parsed = form.safeParse(value);
    if (parsed.success) return parsed.data as z.output<Given[keyof Given]>; // One of the forms has made it.
    for (const issue of parsed.error.issues) {
      const raw = { ...told(issue, name, names), input: value };
      context.issues.push(raw as z.core.$ZodRawIssue); // An issue was a raw one before it was reported.
    }
    return z.NEVER;
  });
}

/** A member that names another form is known well enough; it just cannot be here as well. */
function told(issue: z.core.$ZodIssue, name = "", names: string[]): z.core.$ZodIssue {
  const other =
    issue.code === "unrecognized_keys" && issue.path.length === 0
      ? issue.keys.find((key) => names.includes(key))
      : undefined;
  if (other === undefined) return issue;
  return { code: "custom", path: [other], message: `cannot be combined with ${name}` };
}

function oneOf(names: string[]): string {
  const last = names.at(-1) ?? "";
  return names.length === 1 ? last : `one of ${names.slice(0, -1).join(", ")} or ${last}`;
}
