/**
 * The kinds of checks, once: the exit code, the writers and the code that carries
 * checks out read them here.
 *
 * @module
 */

/** The lists of checks in a variant of report.json, in the order they are told. */
export const CHECK_LISTS = ["contract", "hardening", "reproducible"] as const;

/** One of {@linkcode CHECK_LISTS}. */
export type CheckList = typeof CHECK_LISTS[number];

/** Every kind of check, in the order told, with the list that keeps its checks. */
export const CHECK_KINDS = [
  // It starts and answers as contract.json says.
  { id: "contract", list: "contract", title: "contract" },
  // It answers as the other variants do.
  { id: "consistency", list: "contract", title: "consistency" },
  // Unusual, slow and malformed requests harm nobody else.
  { id: "protocol", list: "hardening", title: "protocol" },
  // It can and does reach only the hosts that the contract states.
  { id: "egress", list: "hardening", title: "egress" },
  // Its HEALTHCHECK tells well from ill.
  { id: "health", list: "hardening", title: "health check" },
  // It keeps its contract under each restriction of an operator.
  { id: "hardening", list: "hardening", title: "restrictions" },
  // It stops in time and loses no accepted request.
  { id: "stop", list: "hardening", title: "stop" },
  // It serves while it is measured.
  { id: "measured", list: "hardening", title: "measurement" },
  // A second build from nothing gives the same image.
  { id: "reproducible", list: "reproducible", title: "reproducible" },
] as const satisfies { id: string; list: CheckList; title: string }[];

/** Id of a kind of check. */
export type CheckKind = typeof CHECK_KINDS[number]["id"];

export function kindTitle(kind: CheckKind): string {
  return CHECK_KINDS.find(({ id }) => id === kind)!.title;
}
