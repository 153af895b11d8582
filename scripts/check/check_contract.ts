/**
 * Checks a running container against its contract, one check per request.
 *
 * @module
 */
import { isDeepStrictEqual } from "node:util";
import type { Check } from "../report/report_schema.ts";
import type {
  Contract,
  ContractRequest,
  Expectation,
} from "./contract_schema.ts";
import { HttpConnection, type HttpResponse } from "./http_client.ts";
import { runCheck, TOO_LONG } from "./run_check.ts";

/**
 * Sends every request of the contract, each on a connection of its own.
 *
 * @param url Where it answers.
 * @returns One check per request, in the contract's order.
 */
export async function checkContract(
  url: string,
  { requests, requestTimeoutMs }: Contract,
  signal?: AbortSignal,
): Promise<Check[]> {
  const checks: Check[] = [];
  for (const request of requests) {
    const check = await runCheck(
      nameOf(request),
      requestTimeoutMs,
      signal,
      async (signal) => {
        const { response, surplus } = await askOnce(url, request, signal);
        return compareResponse(request.expect, response, surplus);
      },
    );
    checks.push(
      check.detail?.startsWith(TOO_LONG) ?? false
        ? { ...check, detail: `${check.detail}; ${LONGER}` }
        : check,
    );
  }
  return checks;
}

/** What to do about an answer that takes too long. */
const LONGER =
  "requestTimeoutMs in contract.json gives it longer, and an answer that never ends cannot be asked for";

/** How reports call a request. */
export function nameOf(request: ContractRequest): string {
  return request.name ?? `${request.method} ${request.path}`;
}

/** Sends one request; with `close`, what follows the answer is surplus. */
export async function askOnce(
  url: string,
  request: Omit<ContractRequest, "expect">,
  signal: AbortSignal,
): Promise<{ response: HttpResponse; surplus: number }> {
  using connection = await HttpConnection.open(url, signal);
  const headers = { ...request.headers, Connection: "close" };
  const response = await connection.request({ ...request, headers });
  return { response, surplus: await connection.drain() };
}

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

/** As JSON, which escapes control characters; long ones are cut. */
function show(value: unknown): string {
  if (value === undefined) return "none";
  const text = JSON.stringify(value);
  return text.length <= 200 ? text : `${text.slice(0, 200)}…`;
}
