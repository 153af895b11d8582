/**
 * Compares what the variants of one service answer, whatever the contract asks
 * of them: one that lacks a file or a permission answers otherwise.
 *
 * @module
 */
import { createHash } from "node:crypto";
import type { Check } from "../report/report_schema.ts";
import { askOnce } from "./check_contract.ts";
import type { Contract } from "./contract_schema.ts";
import { messageOf } from "../lib/errors.ts";
import { withTimeLimit } from "./time_limit.ts";

/** What a variant answers to one request. */
export interface Answer {
  /** Method and path. */
  request: string;
  status?: number;
  type?: string;
  /** Its digest; absent when two answers in a row differ: it holds a time or an id. */
  body?: string;
  /** How the body begins. */
  text?: string;
  /** What came in place of an answer. */
  error?: string;
}

/** Folders whose files services send as they are. */
const SENT = ["public", "static", "assets", "www"];
/** Files of each that are asked for. */
const MOST_FILES = 4;

/**
 * Where the static files of a service may be served, if it has any: it does not
 * matter which of the paths it serves, as long as all variants agree.
 *
 * @param context Its folder.
 */
export async function staticPaths(context: string): Promise<string[]> {
  const paths: string[] = [];
  for (const folder of SENT) {
    const files: string[] = [];
    const find = async (path: string) => {
      const found = await Array.fromAsync(Deno.readDir(`${context}/${path}`))
        .catch(() => []);
      for (const { name, isFile, isDirectory } of found.sort(byName)) {
        if (files.length === MOST_FILES || !/^[\w-][\w.-]*$/.test(name)) {
          continue;
        }
        if (isFile) files.push(`${path}/${name}`);
        else if (isDirectory) await find(`${path}/${name}`);
      }
    };
    await find(folder);
    paths.push(
      ...files.flatMap((file) => [`/${file}`, file.slice(folder.length)]),
    );
  }
  return paths;
}

function byName(a: { name: string }, b: { name: string }): number {
  return a.name < b.name ? -1 : 1;
}

/**
 * Sends, twice each, `/`, the health path, every GET of the contract and those of
 * further paths.
 *
 * @param url Where the variant serves.
 * @returns `undefined` when it answers nothing at all: it has ended.
 */
export async function takeAnswers(
  url: string,
  { requests, healthPath, requestTimeoutMs }: Contract,
  { paths = [], signal }: { paths?: string[]; signal?: AbortSignal } = {},
): Promise<Answer[] | undefined> {
  const get = (path: string) => ({ method: "GET", path });
  const all = [
    get("/"),
    get(healthPath),
    ...paths.map(get),
    ...requests.filter(({ method }) => method === "GET"),
  ];
  const byRequest = new Map(all.map((request) => [
    JSON.stringify([request.path, "headers" in request && request.headers]),
    request,
  ]));
  const ask = async (request: typeof all[number]): Promise<Answer> => {
    const name = `GET ${request.path}`;
    try {
      const { response: { status, headers, body } } = await withTimeLimit(
        requestTimeoutMs,
        signal,
        (signal) => askOnce(url, request, signal),
      );
      const type = headers.get("content-type");
      return {
        request: name,
        status,
        type,
        body: createHash("sha256").update(body).digest("hex"),
        text: JSON.stringify(new TextDecoder().decode(body).slice(0, 60)),
      };
    } catch (error) {
      signal?.throwIfAborted();
      return { request: name, error: messageOf(error) };
    }
  };
  const answers: Answer[] = [];
  for (const request of byRequest.values()) {
    const first = await ask(request);
    const steady = first.error !== undefined ||
      (await ask(request)).body === first.body;
    answers.push(steady ? first : { ...first, body: undefined });
  }
  return answers.some(({ error }) => error === undefined) ? answers : undefined;
}

/**
 * Compares the answers of the variants with those of one of them.
 *
 * @param all Answers of each variant that started.
 * @param baseline Whose answers are right; if it has none, the first one's are.
 * @param again Starts a variant a second time for its answers: a body that differs
 * from start to start tells nothing of the image.
 * @returns One check for each of the others, by name.
 */
export async function checkConsistency(
  all: Map<string, Answer[]>,
  baseline: string,
  again: (name: string) => Promise<Answer[] | undefined>,
): Promise<Map<string, Check>> {
  const [right, ...others] = [...all.keys()]
    .sort((a, b) => Number(b === baseline) - Number(a === baseline));
  const checks = new Map<string, Check>();
  let expected = all.get(right) ?? [];
  let asked = false;
  for (const other of others) {
    const answers = all.get(other) ?? [];
    let wrong = differences(expected, answers, right);
    if (!asked && wrong.some(({ what }) => what === "body")) {
      asked = true;
      const later = await again(right);
      expected = expected.map((answer, index) =>
        later?.[index].body === answer.body
          ? answer
          : { ...answer, body: undefined }
      );
      wrong = differences(expected, answers, right);
    }
    const name = `answers as ${right} does`;
    const detail = wrong.map(({ text }) => text).join("; ");
    checks.set(
      other,
      wrong.length === 0
        ? { name, kind: "consistency", status: "pass" }
        : { name, kind: "consistency", status: "fail", detail },
    );
  }
  return checks;
}

/** What differs, told with the name of the variant that is right. */
function differences(
  expected: Answer[],
  answers: Answer[],
  right: string,
): { what: string; text: string }[] {
  return expected.flatMap((want, index) => {
    const got = answers[index];
    const show = (answer: Answer) => answer.error ?? `${answer.status}`;
    const tell = (what: string, wanted: string, gotten: string) => [{
      what,
      text: `${want.request}: ${wanted} in ${right}, ${gotten} here`,
    }];
    if (show(want) !== show(got)) {
      return tell("status", show(want), show(got));
    }
    if (want.type !== got.type) {
      return tell("type", want.type ?? "no type", got.type ?? "no type");
    }
    const both = want.body !== undefined && got.body !== undefined;
    return both && want.body !== got.body
      ? tell("body", `body ${want.text}`, got.text ?? "another one")
      : [];
  });
}
