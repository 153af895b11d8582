/** Checks a running container against its contract. @module */
import { isDeepStrictEqual } from "node:util";
import type { Check } from "../report/report_schema.ts";
import type { Contract, ContractRequest } from "./contract_schema.ts";
import { HttpConnection, type HttpResponse } from "./http_client.ts";
import { runCheck, TOO_LONG } from "./run_check.ts";

/** Sends every request of the contract, each on a connection of its own. */
export async function checkContract(
  url: string,
  { requests, requestTimeoutMs, healthPath: path }: Contract,
  signal?: AbortSignal,
): Promise<Check[]> {
  const make = (name: string, request: ContractRequest) =>
    runCheck(name, requestTimeoutMs, signal, async (signal) => {
      const { response, surplus } = await askOnce(url, request, signal);
      return compareResponse(request.expect, response, surplus);
    }, () => `; ${LONGER}`);
  const isLate = ({ detail }: Check) => detail?.startsWith(TOO_LONG) ?? false;
  const checks: Check[] = [];
  let stuck: string | undefined;
  for (const request of requests) {
    const name = nameOf(request);
    if (stuck !== undefined) {
      const detail = `it ${NOTHING_SINCE} ${stuck}`;
      checks.push({ name, status: "skip", detail });
      continue;
    }
    const check = await make(name, request);
    const other = { method: "GET", path, expect: {} };
    if (isLate(check) && isLate(await make(name, other))) {
      stuck = name;
      check.detail = `${TOO_LONG} ${requestTimeoutMs} ms; ${STUCK}`;
    }
    checks.push(check);
  }
  return checks;
}

const NOTHING_SINCE = "answers nothing since";
const STUCK =
  `it ${NOTHING_SINCE} this request: correct its handler, which keeps the program busy or waits for ever, or raise requestTimeoutMs in contract.json`;
const LONGER =
  "requestTimeoutMs in contract.json gives it longer, and an answer that never ends cannot be asked for";

/** Whether a request has kept the service from answering any other. */
export function isStuck(checks: Check[]): boolean {
  return checks.some(({ detail }) => detail?.includes(NOTHING_SINCE));
}

export function nameOf(request: ContractRequest): string {
  return request.name ?? `${request.method} ${request.path}`;
}

/** Sends one request, and counts the bytes that follow its answer. */
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

/** What is wrong with an answer: a phrase for each difference. */
export function compareResponse(
  expected: ContractRequest["expect"],
  response: HttpResponse,
  surplus = 0,
): string[] {
  const wrong: string[] = [];
  const compare = (
    what: string,
    want: unknown,
    got: unknown,
    isSame = isDeepStrictEqual(want, got),
  ) => {
    if (want === undefined || isSame) return;
    wrong.push(`${what}: expected ${show(want)}, got ${show(got)}`);
  };

  compare("status", expected.status, response.status);
  const { contentType } = expected;
  const type = response.headers.get("content-type");
  const isSameType = contentType?.toLowerCase() === type?.toLowerCase();
  compare("content-type", contentType, type, isSameType);
  for (const [key, value] of Object.entries(expected.headers ?? {})) {
    const name = key.toLowerCase();
    compare(name, value, response.headers.get(name));
  }

  const text = new TextDecoder().decode(response.body);
  compare("body", expected.body, text);
  if (
    expected.bodyContains !== undefined && !text.includes(expected.bodyContains)
  ) wrong.push(`body: no ${show(expected.bodyContains)} in ${show(text)}`);
  if (expected.json !== undefined) {
    try {
      compare("body", expected.json, JSON.parse(text));
    } catch {
      wrong.push(`body: expected JSON, got ${show(text)}`);
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

/** As JSON, which escapes control characters; long ones are cut. */
function show(value: unknown): string {
  if (value === undefined) return "none";
  const text = JSON.stringify(value);
  return text.length <= 200 ? text : `${text.slice(0, 200)}…`;
}
