/** What Deno is allowed by an image's command, and which hosts that means. @module */
import type { Permissions } from "../deno_binary/program_schema.ts";

type Kind = Exclude<keyof Permissions, "source">;

const LETTERS: Record<string, Kind | "all"> = // deno-fmt-ignore
  { A: "all", N: "net", R: "read", W: "write", E: "env", S: "sys", I: "import" };
const KINDS = // deno-fmt-ignore
  ["net", "read", "write", "env", "run", "sys", "ffi", "import"] as const;
/** Hosts that Deno loads code from unless it is told otherwise. */
const IMPORT_HOSTS = [
  "deno.land:443",
  "jsr.io:443",
  "esm.sh:443",
  "raw.esm.sh:443",
  "cdn.jsdelivr.net:443",
  "raw.githubusercontent.com:443",
  "gist.githubusercontent.com:443",
];
const NO_IMPORT = ["--deny-import", "--no-remote", "--cached-only"];
const DENO = /^(?:.*\/)?deno$/;
/** The entrypoint of Deno's public images; others have one of that name too. */
const SCRIPT = /^(?:.*\/)?docker-entrypoint\.sh$/;
/** Subcommands that are not `run`, and have permissions of their own. */
const OTHER = /^(?:task|x|repl|test|bench|jupyter|lsp|install|compile)$/;
/** A module to run; what follows it are its arguments. */
const MODULE = /^(?:[a-z]+:.*|.*\.(?:[mc]?[jt]s|[jt]sx))$/i;
/** Flags whose value is a module, as a word of its own. */
const TAKES_MODULE = /^--(?:preload|import|require)$/;

/** Nothing when no `deno run` is there, or a permission set, task or shell decides. */
export function commandPermissions(words: string[]): Permissions | undefined {
  const start = words.findIndex((word, index) =>
    DENO.test(word) ||
    SCRIPT.test(word) && /^(?:run|serve|eval)$/.test(words[index + 1])
  );
  if (start < 0) return undefined;
  const args = beforeModule(words.slice(start + 1));
  if (args.length === 0 && start + 1 === words.length) return undefined;
  if (args.some((word) => OTHER.test(word))) return undefined;
  const permissions: Permissions = {
    source: "command",
    import: [...IMPORT_HOSTS],
  };
  if (args.includes("eval")) return allowAll(permissions);

  const flags = args.filter((word) => word.startsWith("-"));
  for (const flag of flags) {
    const found = permissionFlag(flag);
    if (found === undefined) return undefined;
    for (const kind of found.kinds) {
      if (kind === "all") allowAll(permissions);
      else {
        const before = permissions[kind];
        permissions[kind] = found.values === undefined || before === "all"
          ? "all"
          // The first list of hosts to import from takes the usual ones' place.
          : [...kind === "import" ? [] : before ?? [], ...found.values];
      }
    }
  }
  if (flags.some((flag) => NO_IMPORT.includes(flag))) delete permissions.import;
  return permissions;
}

/** The words in front of the module; all of them where none looks like one. */
function beforeModule(args: string[]): string[] {
  const end = args.findIndex((word, index) =>
    word === "--" ||
    MODULE.test(word) && !word.startsWith("-") &&
      !TAKES_MODULE.test(args[index - 1] ?? "")
  );
  return end < 0 ? args : args.slice(0, end);
}

/** Of `-RW=data` or `--allow-net`; nothing if a set of permissions decides. */
export function permissionFlag(
  flag: string,
): { kinds: (Kind | "all")[]; values?: string[] } | undefined {
  const [name, list] = flag.split(/=(.*)/s);
  const values = list?.split(",").filter((value) => value !== "");
  if (name === "--permission-set") return undefined;
  if (!name.startsWith("--")) {
    if (name.includes("P")) return undefined;
    const letters = [...name.slice(1)].filter((letter) => letter in LETTERS);
    return { kinds: letters.map((letter) => LETTERS[letter]), values };
  }
  if (name === "--allow-all") return { kinds: ["all"] };
  const kind = KINDS.find((kind) => name === `--allow-${kind}`);
  return { kinds: kind === undefined ? [] : [kind], values };
}

function allowAll(permissions: Permissions): Permissions {
  for (const kind of KINDS) permissions[kind] = "all";
  return permissions;
}

/** Addresses of the host that the program runs on, as Deno writes them. */
const OWN_HOST =
  /^(?:localhost|0\.0\.0\.0|127(?:\.\d+){3}(?:\/(?:[89]|[12]\d|3[0-2]))?|\[::1?\])(?::\d+)?$/i;

/** The unexpected hosts that are reached, and what permissions do not bind. */
export function egressOf(
  permissions: Permissions,
  expected: readonly string[] = [],
): string[] {
  const { net, import: code, run, ffi } = permissions;
  const others = (hosts: string[] = []) =>
    hosts.filter((host) => !isExpected(host, expected));
  const ways = net === "all" ? ["any host"] : others(net);
  if (code === "all") ways.push("code from any host");
  else if (others(code).length > 0) {
    ways.push(`code from ${others(code).join(", ")}`);
  }
  if (run === "all") ways.push("any program it starts");
  else if (run) ways.push(`a program it starts (${run.join(", ")})`);
  if (ffi === "all") ways.push("any native library");
  else if (ffi) ways.push(`a native library (${ffi.join(", ")})`);
  return ways;
}

export function isOwnHost(host: string): boolean {
  return OWN_HOST.test(host);
}

function isExpected(host: string, expected: readonly string[]): boolean {
  if (isOwnHost(host)) return true;
  const name = host.toLowerCase();
  return expected.some((item) => {
    const wanted = item.toLowerCase();
    return name === wanted ||
      name.startsWith(wanted) && /^:\d+$/.test(name.slice(wanted.length));
  });
}
