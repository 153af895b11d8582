/** What a service does in place of what was expected, as far as seen. @module */
import type { Container } from "../engine/engine.ts";
import { EXIT, UserError } from "../lib/errors.ts";
import { textOf } from "../lib/files.ts";
import { errorOf, RAISE_HEAP, statedError } from "../lib/log_excerpt.ts";
import { pageAddress } from "../lib/own_file.ts";
import { constants } from "node:os";
import { descendants, processes } from "../engine/processes.ts";

export interface Listener {
  port: number;
  /** Whether only its own machine or container reaches it. */
  loopback: boolean;
  inode: string;
}

/** State of a listening socket in `/proc/net/tcp`. */
const LISTEN = "0A";
/** 127.0.0.0/8, ::1 and ::ffff:127.0.0.0/104, as a little-endian kernel writes them. */
const LOOPBACK = /^(.{6}7F|0{24}01000000|0{16}FFFF0000.{6}7F)$/;

/** Parses the sockets that listen in `/proc/net/tcp` or `/proc/net/tcp6`. */
export function parseListeners(text: string): Listener[] {
  return text.split("\n").map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[3] === LISTEN)
    .map((fields) => {
      const [address, port] = fields[1].split(":");
      const loopback = LOOPBACK.test(address);
      return { port: parseInt(port, 16), loopback, inode: fields[9] };
    });
}

export interface Listening {
  listeners: Listener[];
  /** See {@linkcode sharesNetwork}. */
  shared: boolean;
}

/** Where a container's process listens, if this host sees it and may look. */
export async function listeningOf(
  pid: number | undefined,
): Promise<Listening | undefined> {
  if (pid === undefined) return undefined;
  try {
    const shared = await sharesNetwork(pid);
    const texts = await Promise.all(
      ["tcp", "tcp6"].map((name) => textOf(`/proc/${pid}/net/${name}`)),
    );
    const all = texts.flatMap(parseListeners);
    if (!shared) return { listeners: all, shared };
    const inodes = socketsOf(pid);
    return { listeners: all.filter(({ inode }) => inodes.has(inode)), shared };
  } catch {
    return undefined;
  }
}

/** Whether a process is in this host's network; throws where it must not look. */
export async function sharesNetwork(pid: number): Promise<boolean> {
  const [own, its] = await Promise.all(
    ["self", pid].map((id) => Deno.readLink(`/proc/${id}/ns/net`)),
  );
  return own === its;
}

/** Whether something listens at a port, and only its own machine reaches it. */
export function isOnLoopback({ listeners }: Listening, port: number): boolean {
  const at = listeners.filter((listener) => listener.port === port);
  return at.length > 0 && at.every(({ loopback }) => loopback);
}

/** Whether it listens for others, and not at this port. */
export function isElsewhere({ listeners }: Listening, port: number): boolean {
  return listeners.some(({ loopback }) => !loopback) &&
    !listeners.some((listener) => listener.port === port);
}

/** A process and all below it, by their ids. */
export function treeOf(pid: number): number[] {
  return [pid, ...descendants(processes(), pid).map(({ pid }) => pid)];
}

function socketsOf(pid: number): Set<string> {
  const inodes = new Set<string>();
  for (const each of treeOf(pid)) {
    for (const { name } of Deno.readDirSync(`/proc/${each}/fd`)) {
      try {
        const target = Deno.readLinkSync(`/proc/${each}/fd/${name}`);
        const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1];
        if (inode !== undefined) inodes.add(inode);
      } catch {
        // It was closed meanwhile.
      }
    }
  }
  return inodes;
}

/** What a service that needs longer than others states. */
const SLOW =
  "a service that needs longer to start states readyTimeoutMs in contract.json";

/** Says why nothing answers at a port, and what to do, if anything tells. */
export function explainSilence({ port, stated, listening, log }: {
  /** The port that was asked, inside the container. */
  port: number;
  /** Whether the contract names it. */
  stated: boolean;
  listening?: Listening;
  log: string;
}): { reason: string; next: string } | undefined {
  if (listening === undefined) {
    const named = portInLog(log);
    return named === undefined || named === port ? undefined : {
      reason: `port ${port} was asked, its log names port ${named}`,
      next: otherPort(named, stated, false),
    };
  }
  const { listeners, shared } = listening;
  if (isOnLoopback(listening, port)) {
    return {
      reason: onLoopback(port),
      next: "Listen on 0.0.0.0; Deno.serve does when told no hostname",
    };
  }
  const others = [...new Set(listeners.map((listener) => listener.port))];
  if (others.includes(port)) return undefined;
  if (others.length === 0) {
    return {
      reason: `port ${port} was asked, it listens on no port`,
      next: `See its log; ${SLOW}`,
    };
  }
  const ports = others.join(", ");
  return {
    reason: `port ${port} was asked, it listens on ${ports} whatever PORT says`,
    next: otherPort(others[0], stated, shared),
  };
}

export function onLoopback(port: number): string {
  return `it listens on 127.0.0.1:${port} only, which nothing outside of its container reaches`;
}

function otherPort(port: number, stated: boolean, shared: boolean): string {
  return shared
    ? `Take the port from PORT: buildah cannot check a port of its own, as it shares the host's network, where two runs cannot both have ${port}. docker and podman take "port": ${port} in contract.json`
    : stated
    ? `Correct "port" in contract.json, or take the port from PORT`
    : `Add "port": ${port} to contract.json, or take the port from PORT`;
}

/** The last port that a log names, as in `http://0.0.0.0:3000/` or `port 3000`. */
function portInLog(log: string): number | undefined {
  const found = log.matchAll(
    /(?:\/\/[^\s/]*:|\bport:?\s+|localhost:)(\d{2,5})\b/gi,
  );
  const last = [...found].at(-1);
  return last && Number(last[1]);
}

/** What the processes of a container do with a signal. */
export interface Disposition {
  /** Name of the program: of the last process that the first one has started. */
  program: string;
  handled: boolean;
  /** Whether it is process 1, to which a signal does nothing by default. */
  first: boolean;
  /** Name of a first process that has started the program: an init or a shell. */
  wrapper?: string;
}

type Signal = "SIGINT" | "SIGTERM";

/** Parses `/proc/<pid>/status` for what becomes of a signal, if it says so. */
export function parseDisposition(
  status: string,
  signal: Signal,
): Disposition | undefined {
  const field = (name: string) =>
    new RegExp(`^${name}:\\s+(.*)$`, "m").exec(status)?.[1];
  const [program, caught] = [field("Name"), field("SigCgt")];
  if (program === undefined || caught === undefined) return undefined;
  const bit = BigInt(constants.signals[signal] - 1);
  return {
    program,
    handled: (BigInt(`0x${caught}`) >> bit & 1n) === 1n,
    first: field("NSpid")?.split(/\s+/).at(-1) === "1",
  };
}

/** Reads what a container's process does with a signal, if the host sees it. */
export async function dispositionOf(
  pid: number | undefined,
  signal: Signal,
): Promise<Disposition | undefined> {
  if (pid === undefined) return undefined;
  const all = await Promise.all(
    treeOf(pid).map(async (id) =>
      parseDisposition(await textOf(`/proc/${id}/status`), signal)
    ),
  );
  const program = all.pop();
  const [first] = all;
  if (program === undefined || first === undefined) return program;
  const shell = all.find((each) => each !== undefined && isShell(each.program));
  return { ...program, wrapper: (shell ?? first).program };
}

function isShell(program: string): boolean {
  return /^(ba|da|a)?sh$|^busybox$/.test(program);
}

/** Whether a signal does nothing at all. An init waits for it unseen. */
export function doesNothing(does: Disposition): boolean {
  return does.first && !does.handled && does.wrapper === undefined;
}

/** What a service lacks, by the words of its error, and where to give it. */
const LACKS: [error: RegExp, next: (...found: string[]) => string][] = [
  [/out of memory/i, () => RAISE_HEAP],
  [
    /Requires (\w+) access to ("[^"]*"|[^,\s]+)/i,
    (kind, what) =>
      `Allow it where the Dockerfile compiles or runs it (--allow-${kind}), if the service is to have ${kind} access to ${what}`,
  ],
  [
    /read-?only (?:file ?system|database)|attempt to write a readonly|unable to open database|os error (?:13|30)|\bE(?:ROFS|ACCES)\b|No such file or directory.*\b(?:write|mkdir|open)|\b(?:write|mkdir)\w*\b.*No such file/i,
    () =>
      'Name the folder that it writes in "writable" of contract.json, such as "writable": ["/app/data"]',
  ],
  [
    /\b([A-Z][A-Z0-9]*_[A-Z0-9_]+|[A-Z]{5,})\b.*\b(?:not set|unset|missing|required|undefined|empty|must be|not defined|expected|needed|invalid)/,
    giveVariable,
  ],
  [
    /\b(?:[Mm]issing|[Rr]equired?s?|[Uu]ndefined|[Ss]et|[Dd]efine|[Pp]rovide|[Nn]eeds?|[Nn]o|[Ii]nvalid|[Ee]nv\w*|[Vv]ariable)\b[^A-Z]*\b([A-Z][A-Z0-9]*_[A-Z0-9_]+|[A-Z]{5,})\b/,
    giveVariable,
  ],
];

function giveVariable(name: string): string {
  return `Give it its variable in "env" of contract.json: "env": { "${name}": "…" }`;
}

/** What to do about an error of a service, if its words tell what it lacks. */
export function explainError(error: string | undefined): string | undefined {
  for (const [pattern, next] of LACKS) {
    const found = pattern.exec(error ?? "");
    if (found) return next(...found.slice(1));
  }
}

/** An exit code; above 128 with the name of the signal that ended the program. */
export function exitText(code: number): string {
  const [name] = Object.entries(constants.signals)
    .find(([, number]) => number === code - 128) ?? [];
  return name === undefined ? `${code}` : `${code} (${name})`;
}

/** Says how a service stops as it should. */
export const SEE_STOPPING = `see "Stopping" in ${
  pageAddress("your-service.md")
}`;

/** Why a service did not end as it should, as far as it is known. */
export function explainEnd(
  does: Disposition | undefined,
  signal: Signal,
): string {
  if (does === undefined) return SEE_STOPPING;
  const { program, handled, first, wrapper = "" } = does;
  if (isShell(wrapper)) {
    return `it starts through ${wrapper}, which does not pass ${signal} on to ${program}: use the exec form, CMD ["/program"], or exec in a script; ${SEE_STOPPING}`;
  }
  // A runtime may handle it only to end.
  if (handled) return SEE_STOPPING;
  const nothing = first
    ? ", which does nothing to the first process of a container"
    : "";
  return `${program} does not handle ${signal}${nothing}: ${SEE_STOPPING}`;
}

/** What was seen last of a service that takes a connection and is silent. */
export const NO_ANSWER = "it took the connection and gave no answer";

/** Why an answer is not the one that is waited for, and what to do. */
export function explainAnswer(
  last: string,
  log: string,
): { reason: string; next: string } {
  const broken = /status 5/.test(last);
  const error = broken ? statedError(log) : undefined;
  if (error !== undefined) {
    return {
      reason: `${last}; its log: ${error}`,
      next: explainError(error) ??
        "Correct what throws in its handler, or what it needs to run",
    };
  }
  const next = last === NO_ANSWER
    ? "Let the handler of healthPath answer, or name another path in contract.json"
    : broken
    ? "Correct its handler, whose log names no error"
    : "Correct healthPath or healthStatus in contract.json";
  return { reason: last, next: `${next}; ${SLOW}` };
}

/** The error for a container that was to run on and has ended; `when` ends a phrase. */
export function explainExit(
  code: number,
  when: string,
  log: string,
): UserError {
  const text = `The container ended with exit code ${exitText(code)} ${when}`;
  const end = (message: string, next: string) =>
    new UserError(message, { next, exitCode: EXIT.checkFailed, output: log });
  // Nobody else kills it here.
  if (code === 137) {
    return end(
      `${text}: it was killed, as the kernel does where memory runs out`,
      "Raise the memory limit, or have it need less",
    );
  }
  const error = errorOf(log);
  if (error === undefined) {
    return end(
      `${text}, and logged nothing`,
      "Run the image by hand to look closer",
    );
  }
  const next = explainError(error) ?? "Correct what its log tells";
  return end(`${text}: ${error}`, next);
}

/** Milliseconds in which an engine tells that a container has ended. */
const TOLD_MS = 2000;

/** Why a service has ended that was to run on, if it has; `when` ends the phrase. */
export async function endedBy(
  container: Pick<Container, "exited" | "logs">,
  when: string,
): Promise<UserError | undefined> {
  const timer = Promise.withResolvers<undefined>();
  const id = setTimeout(() => timer.resolve(undefined), TOLD_MS);
  const code = await Promise.race([container.exited, timer.promise]);
  clearTimeout(id);
  if (code === undefined) return undefined;
  return explainExit(code, when, await container.logs());
}
