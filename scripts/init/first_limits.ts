/**
 * The contract and the budget that a service starts with: what is known of it
 * without running it. Its owner adds what else it promises, and limits in bytes.
 *
 * @module
 */
import { schemaAddress } from "../lib/own_file.ts";
import type { Service } from "./service.ts";

type Rules = Record<string, unknown>;

/**
 * Writes a first `contract.json`.
 *
 * @returns JSON that `deno task image` takes.
 */
export function firstContract(service: Service): string {
  const { healthPath: path, port, env, egress } = service;
  // A mount on the working directory would hide the files in it.
  const isHidden = (path: string) =>
    service.beside.length > 0 && path === workingFolder(service);
  const writable = writablePaths(service).filter((path) => !isHidden(path));
  const requests: Rules[] = [{ method: "GET", path, expect: { status: 200 } }];
  if (service.answersHead) {
    const expect = { status: 200, noBody: true };
    requests.push({ method: "HEAD", path, expect });
  }
  const contract = {
    $schema: schemaAddress("contract"),
    port,
    healthPath: path,
    ...Object.keys(env).length > 0 ? { env } : {},
    ...writable.length > 0 ? { writable } : {},
    egress: egress === true ? "any" : egress,
    requests,
  };
  return JSON.stringify(contract, null, 2) + "\n";
}

/** The working directory in the image. */
export function workingFolder({ folder }: Service): string {
  return folder === "" ? "/app" : `/app/${folder}`;
}

/** Where the folders that it writes are in the image. */
export function writablePaths(service: Service): string[] {
  const top = workingFolder(service);
  return service.state.map((path) => path === "." ? top : `${top}/${path}`);
}

/**
 * Makes a first `budget.json`.
 *
 * @param own This project's own `budget.json`.
 * @returns JSON with the same variants and facts, and no size but zero.
 */
export function firstBudget(own: string, service: Service): string {
  const { all, variants } = JSON.parse(own) as {
    all: Rules;
    variants: Record<string, Rules>;
  };
  const left = new Set<string>();
  if (service.egress === true || service.egress.length > 0) {
    left.add("noEgress");
  }
  // Files beside the program are layers of their own.
  if (service.beside.length + service.state.length > 0) left.add("layers");
  const facts = (rules: Rules) =>
    Object.fromEntries(
      // No amount of bytes or time but zero holds for any service.
      Object.entries(rules).filter(([name, limit]) =>
        !left.has(name) && (typeof limit !== "string" || /^0\b/.test(limit))
      ),
    );
  const budget = {
    $schema: schemaAddress("budget"),
    all: facts(all),
    variants: Object.fromEntries(
      Object.entries(variants).map(([name, rules]) => [name, facts(rules)]),
    ),
  };
  return JSON.stringify(budget, null, 2) + "\n";
}
