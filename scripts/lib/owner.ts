/** Who made a container, tag or file, for the next run to remove what is left. @module */

/** Label of every container we start; its value is an {@linkcode owner}. */
export const OWNER_LABEL = "deno-small-image.owner";

/** Clock ticks after boot at which a process started; tells reused ids apart. */
function startedTicks(pid: number): string | undefined {
  try {
    const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
    // The name may hold spaces and parentheses: fields count from its end.
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    return undefined;
  }
}

/** The host's name, as far as it may be a part of a container's or a tag's name. */
function host(): string {
  return Deno.hostname().toLowerCase().replace(/[^a-z0-9]/g, "") || "host";
}

/** This process: `<host>-<pid>-<start>`; the start is 0 where there is no `/proc`. */
export function owner(): string {
  return `${host()}-${Deno.pid}-${startedTicks(Deno.pid) ?? 0}`;
}

let count = 0;

/** Tells apart instances of this module in one process, as test threads have. */
export const INSTANCE = crypto.randomUUID().slice(0, 4);

/** A name that no other run uses: `deno-small-image-<owner>-<instance><n>`. */
export function containerName(): string {
  return `deno-small-image-${owner()}-${INSTANCE}${++count}`;
}

export function ownTag(tag: string): string {
  return `localhost/${containerName()}:${tag}`;
}

export function isLeftoverTag(reference: string): boolean {
  const name = /^(?:localhost\/)?([^/:]+):[^/:]+$/.exec(reference)?.[1];
  return isLeftover(name ?? "");
}

const NAME = /^deno-small-image-([a-z0-9]+)-(\d+)-(\d+)-[0-9a-f]{4}\d+$/;

/** Whether a process that is gone has made a name; when in doubt, none has. */
export function isLeftover(name: string): boolean {
  const [, where, pid, started] = NAME.exec(name) ?? [];
  if (where !== host() || startedTicks(Deno.pid) === undefined) return false;
  return startedTicks(Number(pid)) !== started;
}
