/**
 * Holds an answer against what the contract expects of it.
 *
 * @module
 */
import { isDeepStrictEqual } from "node:util";
import type { Expectation } from "./contract_schema.ts";
import type { HttpResponse } from "./http_message.ts";

/**
 * What is wrong with an answer.
 *
 * @param expected What the contract says.
 * @param response What came.
 * @param surplus Bytes that came after the answer's end; a body where none may be.
 * @returns One phrase per difference, expected and actual; empty when all is well.
 */
export function compareResponse(
  expected: Expectation,
  response: HttpResponse,
  surplus = 0,
): string[] {
  const wrong: string[] = [];
  const differ = (what: string, want: unknown, got: unknown) =>
    wrong.push(`${what}: expected ${show(want)}, got ${show(got)}`);

  if (expected.status !== undefined && response.status !== expected.status) {
    differ("status", expected.status, response.status);
  }
  const type = response.headers.get("content-type");
  if (
    expected.contentType !== undefined &&
    type?.toLowerCase() !== expected.contentType.toLowerCase()
  ) differ("content-type", expected.contentType, type);
  for (const [name, value] of Object.entries(expected.headers ?? {})) {
    const got = response.headers.get(name.toLowerCase());
    if (got !== value) differ(name.toLowerCase(), value, got);
  }

  const text = new TextDecoder().decode(response.body);
  if (expected.body !== undefined && text !== expected.body) {
    differ("body", expected.body, text);
  }
  if (
    expected.bodyContains !== undefined && !text.includes(expected.bodyContains)
  ) wrong.push(`body: no ${show(expected.bodyContains)} in ${show(text)}`);
  if (expected.json !== undefined) {
    const got = parse(text);
    if (!got.valid) {
      wrong.push(`body: expected JSON, got ${show(text)}`);
    } else if (!isDeepStrictEqual(got.value, expected.json)) {
      differ("body", expected.json, got.value);
    }
  }
  const bytes = response.body.length + surplus;
  if (expected.noBody && bytes > 0) {
    wrong.push(`body: expected none, got ${bytes} bytes`);
  } else if (surplus > 0) {
    wrong.push(`${surplus} bytes came after the end of the answer`);
  }
  return wrong;
}

function parse(text: string): { valid: true; value: unknown } | {
  valid: false;
} {
  try {
    return { valid: true, value: JSON.parse(text) };
  } catch {
    return { valid: false };
  }
}

/** As JSON, which also makes control characters harmless; long ones are cut. */
function show(value: unknown): string {
  if (value === undefined) return "none";
  const text = JSON.stringify(value);
  return text.length <= 200 ? text : `${text.slice(0, 200)}…`;
}
