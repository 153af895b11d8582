/**
 * What `init` knows of a service, and how it is told to the owner.
 *
 * @module
 */
import type { Entry } from "./choose_entry.ts";
import type { LeftOut } from "./find_files.ts";
import type { Hints } from "./read_hints.ts";

/**
 * A Deno service, as the templates ask for it. Paths are relative to `folder`;
 * `files`, `folders`, `leftOut` and `tests` to the top of the project.
 */
export interface Service {
  /** Name of the binary, and the image's title. */
  name: string;
  description: string;
  /** An SPDX expression. */
  license?: string;
  /** The folder that it is run in; empty for the top. */
  folder: string;
  entry: string;
  /** The module that a written `entry` serves. */
  served?: string;
  /** The program's own arguments. */
  args: string[];
  /** How modules are found: `--node-modules-dir=manual` and its like. */
  resolution: string[];
  /** What it is run with: permissions and unstable features. */
  flags: string[];
  /** Modules that are written beside it and loaded first. */
  preloads: string[];
  /** Signals on which one of them stops it: those that it does not handle. */
  stopsOn: string[];
  /** Embedded. */
  includes: string[];
  /** What lies beside the program in the image. */
  beside: string[];
  /** Folders that it writes: each is a volume's place. */
  state: string[];
  locked: boolean;
  /** Files that go to the build: configuration first, then modules. */
  files: string[];
  /** Folders that go to the build, without a slash at the end. */
  folders: string[];
  /** Paths in them that do not. */
  leftOut: LeftOut[];
  /** Test files and the flags they are run with; none: no test stage. */
  tests: string[];
  testFlags: string[];
  port: number;
  /** Whether `<binary> healthcheck` asks the running service. */
  healthcheck: boolean;
  healthPath: string;
  /** Whether HEAD is known to be answered as GET is. */
  answersHead: boolean;
  /** Hosts that it may reach; `true` for any. */
  egress: true | string[];
  /** Variables that it does not start without, and values to try it with. */
  env: Record<string, string>;
}

export function reasonsOf(
  service: Service,
  sources: Record<"name" | "entry" | "permissions" | "port", string>,
) {
  const { name, folder, files, folders, includes, beside, state } = service;
  const rows: [what: string, value: string, source: string][] = [
    ["name", name, sources.name],
    ["folder", folder, "a member of the workspace"],
    ["entry", [service.entry, ...service.args].join(" "), sources.entry],
    ["permissions", service.flags.join(" "), sources.permissions],
    [
      "copied",
      [...files, ...folders.map((path) => `${path}/`)].join(" "),
      "what the entry imports and reads",
    ],
    ["embedded", includes.join(" "), "read relative to a module, or workers"],
    ["beside it", beside.join(" "), "read relative to the working directory"],
    ["writes", state.map((path) => `${path}/`).join(" "), "state, in no image"],
    ["tests", service.tests.join(" "), "their names"],
    ["port", String(service.port), sources.port],
    ["health path", service.healthPath, "strings in its modules"],
    [
      "health check",
      service.healthcheck ? `/${name} healthcheck` : "",
      service.preloads.includes("container_health.ts")
        ? "container_health.ts"
        : "strings in its modules",
    ],
  ];
  for (const { path, why } of service.leftOut) {
    rows.push(["left out", path, why]);
  }
  return rows.filter(([, value]) => value !== "")
    .map(([what, value, source]) => ({ what, value, source }));
}

/** What its owner should know, or could make tighter. */
export function notesOf(
  { egress, healthcheck, state, beside, folders, env, port, served }: Service,
  { loopback, readsPort, cannot }: Hints,
  { command, isNode }: Entry,
): string[] {
  const file = command?.options.get("env-file");
  const names = Object.keys(env);
  const notes: [applies: boolean, note: string][] = [
    [
      file !== undefined,
      `${file || ".env"} is in no image: give it with docker run --env-file`,
    ],
    [
      names.length > 0,
      `contract.json sets ${
        names.join(", ")
      } to try the images: check the values`,
    ],
    [
      egress === true,
      "It may connect to any host: name hosts in --allow-net, then egress in contract.json",
    ],
    [
      isNode,
      "Node asks for no permissions: add what it lacks to deno compile",
    ],
    [
      loopback,
      "It listens on 127.0.0.1, where nothing outside its container reaches it: listen on 0.0.0.0",
    ],
    [
      !readsPort && served === undefined,
      `PORT does not change its port, ${port}`,
    ],
    [
      !healthcheck,
      "No HEALTHCHECK: its permissions do not let it ask itself; allow 127.0.0.1",
    ],
    [
      state.includes(".") && beside.length > 0,
      "It writes into its working directory: a volume there hides the files beside it; write into a folder of its own",
    ],
    [
      folders.includes("node_modules"),
      "node_modules/ is filled by this tool where it is missing; before a plain build: deno install",
    ],
  ];
  const applying = notes.filter(([applies]) => applies);
  return [...cannot, ...applying.map(([, note]) => note)];
}
