/** Compares answers of variants: one that lacks a file or a right differs. @module */
import { createHash } from "node:crypto";
import type { Check } from "../report/report_schema.ts";
import { askOnce } from "./check_contract.ts";
import type { Contract } from "./contract_schema.ts";
import { messageOf } from "../lib/errors.ts";
import { withTimeLimit } from "./time_limit.ts";

export interface Answer {
  request: string;
  status?: number;
  type?: string;
  /** Its digest; absent when two answers in a row differ: it holds a time or an id. */
  body?: string;
  text?: string;
  error?: string;
  /** What the service has logged about it. */
  log?: string;
}

/** Folders whose files services send as they are, and files of each to ask for. */
export const STATIC_FOLDERS = ["public", "static", "assets", "www"];
const MOST_FILES = 4;

/** Where static files may be served: all variants are to agree on each. */
export async function staticPaths(context: string): Promise<string[]> {
  const paths: string[] = [];
  for (const folder of STATIC_FOLDERS) {
    const files: string[] = [];
    const find = async (path: string) => {
      const found = await Array.fromAsync(Deno.readDir(`${context}/${path}`))
        .catch(() => []);
      found.sort((a, b) => a.name < b.name ? -1 : 1);
      for (const { name, isFile, isDirectory } of found) {
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

/** Asks twice each; `undefined` when nothing is answered at all: it has ended. */
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
      return {
        request: name,
        status,
        type: headers.get("content-type"),
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

/** Compares with the baseline, or the first; `again` tells what changes by itself. */
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
    checks.set(other, {
      name: `answers as ${right} does`,
      status: wrong.length === 0 ? "pass" : "fail",
      ...wrong.length > 0 && {
        detail: wrong.map(({ text }) => text).join("; "),
      },
    });
  }
  return checks;
}

/** What no variant can answer, and the contract does not ask. */
export function checkServerErrors(
  all: Map<string, Answer[]>,
  { requests, healthPath, healthStatus }: Contract,
): Check | undefined {
  const asked = new Set(
    requests.filter(({ expect }) => expect.status !== undefined)
      .map(({ path }) => `GET ${path}`),
  );
  if (healthStatus !== "any") asked.add(`GET ${healthPath}`);
  const [first = [], ...others] = [...all.values()];
  const wrong = first.filter((answer, index) =>
    !asked.has(answer.request) && isServerError(answer) &&
    others.every((answers) => isServerError(answers[index]))
  );
  if (wrong.length === 0) return undefined;
  const where = others.length === 0 ? "" : " in every variant";
  const texts = wrong.map(({ request, status, log }) =>
    `${request}: ${status}${where}` +
    (log === undefined ? "" : `; its log: ${log}`)
  );
  return {
    name: "answers without an error of the server",
    status: "fail",
    detail: `${
      texts.join("; ")
    }. Correct its handler, or state the status in contract.json if it is meant`,
  };
}

export function isServerError({ status = 0 }: Answer): boolean {
  return status >= 500;
}

/** Says which static files no variant sends, whatever all agree on. */
export function noteUnsent(
  /** As {@linkcode staticPaths} gives them, two for each file. */
  paths: string[],
  all: Map<string, Answer[]>,
): string | undefined {
  if (all.size === 0) return undefined;
  const sent = new Set(
    [...all.values()].flat().filter(({ status }) => status === 200)
      .map(({ request }) => request),
  );
  const isSent = (path: string) => sent.has(`GET ${path}`);
  const unsent = paths.filter((path, at) =>
    at % 2 === 0 && !isSent(path) && !isSent(paths[at + 1])
  );
  if (unsent.length === 0) return undefined;
  const names = unsent.map((path) => path.slice(1)).join(", ");
  return `no variant sends ${names}: if the service is to send such files, see whether the images have them, in which place, and whether it may read them`;
}

/** What differs, told with the name of the variant that is right. */
function differences(
  expected: Answer[],
  answers: Answer[],
  right: string,
): { what: string; text: string }[] {
  const show = ({ error, status }: Answer) => error ?? `${status}`;
  return expected.flatMap((want, index) => {
    const got = answers[index];
    const [what, wanted, gotten] = show(want) !== show(got)
      ? ["status", show(want), show(got)]
      : want.type !== got.type
      ? ["type", want.type ?? "no type", got.type ?? "no type"]
      : want.body && got.body && want.body !== got.body
      ? ["body", `body ${want.text}`, got.text]
      : [];
    if (what === undefined) return [];
    const text = `${want.request}: ${wanted} in ${right}, ${gotten} here`;
    return [{ what, text }];
  });
}
