/**
 * The kinds of checks, once: what each shows and where report.json keeps it.
 * The exit code, the writers and the code that carries checks out read them here.
 *
 * @module
 */

/** The lists of checks in a variant of report.json, in the order they are told. */
export const CHECK_LISTS = ["contract", "hardening", "reproducible"] as const;

/** One of {@linkcode CHECK_LISTS}. */
export type CheckList = typeof CHECK_LISTS[number];

/** Heading of each list where checks are shown in full. */
export const LIST_TITLES: Record<CheckList, string> = {
  contract: "The contract: what every running image must answer",
  hardening: "Hardening: what it must survive",
  reproducible: "Reproducible: what a second build made the same",
};

interface CheckKindInfo {
  id: string;
  /** Where report.json keeps its checks. */
  list: CheckList;
  title: string;
  /** What a variant that passes has shown. */
  shows: string;
}

/** Every kind of check, in the order in which they are told. */
export const CHECK_KINDS = [
  {
    id: "contract",
    list: "contract",
    title: "contract",
    shows: "it starts and answers as contract.json says",
  },
  {
    id: "consistency",
    list: "contract",
    title: "consistency",
    shows: "it answers as the other variants do",
  },
  {
    id: "protocol",
    list: "hardening",
    title: "protocol",
    shows: "unusual, slow and malformed requests harm nobody else",
  },
  {
    id: "egress",
    list: "hardening",
    title: "egress",
    shows: "it can and does reach only the hosts that the contract states",
  },
  {
    id: "health",
    list: "hardening",
    title: "health check",
    shows: "its HEALTHCHECK tells well from ill",
  },
  {
    id: "hardening",
    list: "hardening",
    title: "restrictions",
    shows: "it keeps its contract under each restriction of an operator",
  },
  {
    id: "stop",
    list: "hardening",
    title: "stop",
    shows: "it stops in time and loses no accepted request",
  },
  {
    id: "measured",
    list: "hardening",
    title: "measurement",
    shows: "it serves while it is measured",
  },
  {
    id: "reproducible",
    list: "reproducible",
    title: "reproducible",
    shows: "a second build from nothing gives the same image",
  },
] as const satisfies readonly CheckKindInfo[];

/** Id of a kind of check. */
export type CheckKind = typeof CHECK_KINDS[number]["id"];

/** Ids of all kinds, for the schema. */
export const CHECK_KIND_IDS = CHECK_KINDS.map(({ id }) => id);
