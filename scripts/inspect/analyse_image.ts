/** All that the report says of an image's inside. @module */
import type { Program } from "../deno_binary/program_schema.ts";
import type { CompiledProgram } from "../deno_binary/program_sink.ts";
import type { Entry, Image, Loss, Rootfs } from "../image/model.ts";
import { resolvePath } from "../image/resolve_path.ts";
import { rootfs } from "../image/rootfs.ts";
import type { ImageAnalysis, Secret, TreeNode } from "./inspect_schema.ts";
import { maskCommand, maskVariable } from "../lib/secret_text.ts";
import { commandPermissions } from "./permissions.ts";
import { foundIn } from "./probe.ts";
import { configSecrets } from "./secrets.ts";
import { startedPrograms, surface } from "./surface.ts";

/** Modules that come from jsr.io or another server. */
const REMOTE = /^https?:/;

/** Analyses an image that was read with the {@linkcode probe}. */
export function analyseImage(
  image: Image,
  files: Rootfs = rootfs(image),
): ImageAnalysis {
  const { reference, id, architecture, config } = image;
  const started = startedPrograms(image, files)
    .map(({ resolved }) => resolved)
    .find((resolved) => compiledIn(resolved?.file?.inode));
  const program = started?.file
    ? describe(started.path, started.file.inode, files)
    : largestProgram(files);
  const permissions = started
    ? compiledIn(started.file?.inode)?.permissions
    : commandPermissions([...config.entrypoint, ...config.cmd]);
  const runtimeLayer = layerOfRuntime(program, files);
  return {
    image: { reference, id, architecture },
    ...waste(image, files),
    layers: image.layers.map(({ diffId, instruction }, index) => ({
      digest: diffId,
      instruction,
      sizeBytes: files.layers[index].bytes,
      files: files.layers[index].regularFiles,
      ...runtimeLayer !== undefined && { shared: index <= runtimeLayer },
    })),
    rootfs: { bytes: files.bytes, files: files.regularFiles },
    config: {
      user: config.user,
      entrypoint: maskCommand(config.entrypoint),
      cmd: maskCommand(config.cmd),
      env: config.env.map(maskVariable),
      exposedPorts: config.exposedPorts,
    },
    surface: surface(image, files),
    secrets: [...configSecrets(image), ...fileSecrets(image, files)],
    ...program && { program },
    ...permissions && { permissions },
    contents: contents(files),
  };
}

/** The layer that has a split program's runtime, if the program is above it. */
function layerOfRuntime(
  program: Program | undefined,
  rootfs: Rootfs,
): number | undefined {
  if (program?.runtimePath === undefined) return undefined;
  const runtime = resolvePath(rootfs, program.runtimePath)?.file?.layer;
  const own = resolvePath(rootfs, program.path)?.file?.layer;
  return runtime !== undefined && own !== undefined && runtime < own
    ? runtime
    : undefined;
}

function compiledIn(inode: Entry | undefined): CompiledProgram | undefined {
  return foundIn(inode).elf?.program;
}

function largestProgram(rootfs: Rootfs): Program | undefined {
  let largest: Program | undefined;
  for (const [path, { inode }] of rootfs.files) {
    const found = describe(path, inode, rootfs);
    if (found && found.bytes > (largest?.bytes ?? 0)) largest = found;
  }
  return largest;
}

/** What the report says of a compiled program; of a split one, with its runtime. */
function describe(
  path: string,
  inode: Entry,
  rootfs: Rootfs,
): Program | undefined {
  const compiled = compiledIn(inode);
  if (!compiled) return undefined;
  const { permissions: _, secrets: _secrets, ...program } = compiled;
  const { runtimePath, modules, npm, assets } = program;
  const whole = { path: `/${path}`, ...program };
  if (runtimePath !== undefined) {
    const inode = resolvePath(rootfs, runtimePath)?.file?.inode;
    whole.runtimeBytes = inode?.size ?? 0;
    whole.applicationBytes = program.bytes;
    whole.bytes = whole.runtimeBytes + whole.applicationBytes;
    Object.assign(whole, foundIn(inode).elf?.runtime);
  }
  const sum = (items: { bytes: number }[]) =>
    items.reduce((total, { bytes }) => total + bytes, 0);
  const [remote, own] = [true, false].map((wanted) =>
    sum(modules.filter(({ specifier }) => REMOTE.test(specifier) === wanted))
  );
  const parts = { own, remote, npm: sum(npm), assets: sum(assets) };
  const known = parts.own + parts.remote + parts.npm + parts.assets;
  const metadata = Math.max(0, whole.applicationBytes - known);
  return { ...whole, parts: { ...parts, metadata } };
}

/** The files of all layers that look like secrets, and those in programs. */
function fileSecrets(image: Image, rootfs: Rootfs): Secret[] {
  // By what the probe found: hard links make other records of the same content.
  const lost = new Map(
    rootfs.losses.map((loss) => [loss.entry.found, loss]),
  );
  const there = new Set(
    Array.from(rootfs.files.values(), ({ inode }) => inode.found),
  );
  return image.layers.flatMap(({ entries }, layer) =>
    entries.flatMap((entry): Secret[] => {
      const { secret, elf } = foundIn(entry);
      const embedded = elf?.program?.secrets ?? [];
      if (!secret && embedded.length === 0) return [];
      const loss = lost.get(entry.found) ??
        // Replaced within its layer: never unpacked, and still in the archive.
        (there.has(entry.found)
          ? undefined
          : { coveredBy: layer, how: "overwritten" });
      const where = {
        layer,
        ...loss && { deletedBy: loss.coveredBy },
        ...loss && loss.how !== "deleted" && { replaced: true as const },
      };
      const path = `/${entry.path}`;
      return [
        ...secret ? [{ path: shownPath(path), kind: secret, ...where }] : [],
        ...embedded.map((file) => ({
          path: shownPath(file.path),
          // The check that found it tells no other words.
          kind: file.kind as Secret["kind"],
          ...where,
          program: path,
        })),
      ];
    })
  );
}

/** A repository is named by its folder. */
function shownPath(path: string): string {
  return path.replace(/(^|\/)\.git\/HEAD$/, "$1.git");
}

/** Entries of a group listed one by one, before the rest is summed up. */
const LISTED = 10;

/** A line of the list: one lost copy, or those that went with their folder. */
interface Item {
  path: string;
  bytes: number;
  files: number;
  /** Stands for all: they differ in the path only. */
  loss: Loss;
}

/**
 * Accounts for every copy of a file that later layers replaced or deleted. Files
 * that went with a folder are one line for each layer that wrote them. Of lines with
 * the same layers, kind and advice the largest are listed, none of metadata; the
 * rest is summed up under the folder that they have in common.
 */
export function waste(image: Image, rootfs: Rootfs) {
  const sizeBytes = rootfs.layers.reduce((sum, { bytes }) => sum + bytes, 0);
  const wasteBytes = rootfs.losses
    .reduce((sum, { entry }) => sum + entry.size, 0);
  const isMoved = movedContent(image);
  const lines = byRoot(rootfs.losses).sort(largestFirst).map((item) => ({
    ...item,
    advice: advice(image, item.loss, isMoved(item.loss)),
  }));
  const groups = Map.groupBy(
    lines,
    ({ advice, loss }) =>
      [loss.writtenBy, loss.coveredBy, loss.how, advice].join(" "),
  );
  const shown = [...groups.values()].flatMap((group) => {
    const listed = group[0].loss.how === "metadata" ? 0 : LISTED;
    // Summing up a single one would hide its name and save nothing.
    return group.length <= listed + 1
      ? group
      : [...group.slice(0, listed), sumOf(group.slice(listed))];
  });
  return {
    sizeBytes,
    wasteBytes,
    efficiency: sizeBytes === 0 ? 1 : rootfs.bytes / sizeBytes,
    wasted: shown.sort(largestFirst).map((
      { path, bytes, files, loss, advice },
    ) => ({
      path: `/${path}`,
      bytes,
      ...files > 1 && { files },
      writtenBy: loss.writtenBy,
      coveredBy: loss.coveredBy,
      how: loss.how,
      advice,
    })),
  };
}

/** One item for each lost copy, or for all that went with a folder. */
function byRoot(losses: Loss[]): Item[] {
  const items: Item[] = [];
  const folders = new Map<string, Item>();
  for (const loss of losses) {
    const { path, root, entry: { size: bytes } } = loss;
    if (bytes === 0) continue;
    const key = `${loss.writtenBy} ${loss.coveredBy} ${loss.how} ${root}`;
    const item = root === path ? undefined : folders.get(key);
    if (item) {
      item.path = root === "" ? "" : `${root}/`;
      item.bytes += bytes;
      item.files++;
      if (bytes > item.loss.entry.size) item.loss = loss;
    } else {
      const made = { path, bytes, files: 1, loss };
      items.push(made);
      if (root !== path) folders.set(key, made);
    }
  }
  return items;
}

/** Whether the layer that deleted a copy has the same content elsewhere. */
function movedContent(image: Image): (loss: Loss) => boolean {
  const contents = new Map<number, Set<string | undefined>>();
  return ({ how, coveredBy, entry: { sha256 } }) => {
    if (how !== "deleted" || sha256 === undefined) return false;
    const digests = contents.get(coveredBy) ??
      new Set(image.layers[coveredBy].entries.map(({ sha256 }) => sha256));
    contents.set(coveredBy, digests);
    return digests.has(sha256);
  };
}

function sumOf<T extends Item>(group: T[]): T {
  return {
    ...group[0],
    path: group.map(({ path }) => path).reduce(commonFolder),
    bytes: group.reduce((sum, { bytes }) => sum + bytes, 0),
    files: group.reduce((sum, { files }) => sum + files, 0),
  };
}

/** The deepest folder that holds both, with its `/`; `""` for the root. */
function commonFolder(a: string, b: string): string {
  let end = 0;
  for (let i = 0; i < a.length && a[i] === b[i]; i++) {
    if (a[i] === "/") end = i + 1;
  }
  return a.slice(0, end);
}

function largestFirst(a: Item, b: Item): number {
  return b.bytes - a.bytes || (a.path < b.path ? -1 : a.path > b.path ? 1 : 0);
}

/** How to avoid a loss, by the instructions that wrote and covered it. */
function advice({ layers }: Image, loss: Loss, moved: boolean): string {
  const { how, entry, cover } = loss;
  if (
    entry.sha256 !== undefined && cover?.sha256 === entry.sha256 &&
    (entry.capabilities || cover?.capabilities)
  ) {
    // Copied from a stage it stays; docker drops it from the context, chown always.
    return "Set mode, owner and capabilities in an earlier stage, chown before setcap, and COPY --from it once: that keeps the capabilities";
  }
  // Without a history, nothing is known of how the layers were made.
  if (layers.every(({ instruction }) => instruction === "")) {
    return NO_HISTORY[moved ? "moved" : how];
  }
  const writer = takeApart(layers[loss.writtenBy].instruction);
  const { verb } = takeApart(layers[loss.coveredBy].instruction);
  const base = loss.writtenBy === 0 && isBase(writer);
  const copied = writer.verb === "COPY" || writer.verb === "ADD";
  const copiedTwice = copied && (verb === "COPY" || verb === "ADD")
    ? `Copy it once: leave it out of the first ${writer.verb}`
    : undefined;
  const same = `in the same ${writer.verb === "RUN" ? "RUN" : "instruction"}`;
  if (how === "metadata") {
    const { command, flag } = metadataChange(loss);
    if (base) {
      return `Leave the base image's file as it is: ${command} copies it whole`;
    }
    if (!copied) return `Run ${command} ${same} that writes it`;
    return flag !== ""
      ? `Use ${writer.verb} ${flag} in place of a later ${command}`
      : copiedTwice ??
        `Write it once: drop what touches it after the ${writer.verb}`;
  }
  if (moved) {
    return base
      ? "Leave it where the base image has it: moving it copies it whole"
      : NO_HISTORY.moved;
  }
  if (how === "deleted") {
    if (base) {
      return "Start from a base image without it: deleting it later frees nothing";
    }
    if (!copied) return `Delete it ${same} that writes it`;
    return writer.rest.includes("--from=")
      ? "Copy only what is needed from the other stage, or delete it there"
      : `Leave it out of the ${writer.verb}${
        verb === "RUN" ? ", or read it with RUN --mount=type=bind" : ""
      }`;
  }
  if (base) {
    return "Start from a base image that has it right, or change it less often";
  }
  if (copied) {
    return copiedTwice ??
      `Change it before the ${writer.verb}, in an earlier stage or in the context`;
  }
  return writer.verb === "RUN" && verb === "RUN"
    ? "Join the two RUN instructions, or write it in the last one only"
    : "Write it once, in the last instruction that changes it";
}

/** What holds for whatever has made the layers. */
const NO_HISTORY = {
  moved: "Write it to where it is moved to at once: moving it copies it whole",
  deleted:
    "Leave it out of the layer that brings it: deleting it later frees nothing",
  overwritten: "Write it once, in the last layer that changes it",
  metadata:
    "Set mode, owner and time in the layer that brings it: later it is copied whole",
};

/** `COPY` and `a /b` of `COPY a /b`; both empty when the history is silent. */
function takeApart(instruction: string): { verb: string; rest: string } {
  const match = /^([A-Z]+)(?:\s+(.*))?$/s.exec(instruction);
  const [, verb = "", rest = ""] = match ?? [];
  return { verb, rest };
}

/** A first layer that was unpacked whole: the root file system of a base. */
function isBase({ verb, rest }: { verb: string; rest: string }): boolean {
  return verb === "" || verb === "FROM" ||
    (verb === "ADD" && /^(?:file|multi|dir):|\.tar\b.* \/$|rootfs/.test(rest));
}

/** The command that copied a file up, and the flag of COPY that avoids it. */
function metadataChange(
  { entry, cover = entry }: Loss,
): { command: string; flag: string } {
  const changes: [string, string][] = [];
  if (cover.mode !== entry.mode) {
    changes.push(["chmod", `--chmod=${cover.mode.toString(8)}`]);
  }
  if (cover.uid !== entry.uid || cover.gid !== entry.gid) {
    changes.push(["chown", `--chown=${cover.uid}:${cover.gid}`]);
  }
  return {
    command: changes.map(([command]) => command).join(" and ") || "touch",
    flag: changes.map(([, flag]) => flag).join(" "),
  };
}

/** Smaller than this share of the whole, or beyond so many in a folder: summed up. */
const SHARE = 0.005;
const CHILDREN = 12;
/** Folders within folders; those that hold one thing only do not count. */
const DEPTH = 6;

interface Sum {
  name: string;
  bytes: number;
  children?: Map<string, Sum>;
}

/** Sums up bytes by folder: small ones are `other (N)`, lone ones join (`usr/lib`). */
export function contents(rootfs: Rootfs): TreeNode {
  const root: Sum = { name: "/", bytes: 0 };
  for (const [path, { bytes }] of rootfs.files) {
    if (bytes === 0) continue;
    let node = root;
    node.bytes += bytes;
    for (const name of path.split("/")) {
      node.children ??= new Map();
      let child = node.children.get(name);
      if (!child) node.children.set(name, child = { name, bytes: 0 });
      child.bytes += bytes;
      node = child;
    }
  }
  return draw(root, root.bytes * SHARE, DEPTH);
}

function draw(sum: Sum, least: number, depth: number): TreeNode {
  const { name, bytes } = sum;
  const sorted = [...sum.children?.values() ?? []]
    .sort((a, b) => b.bytes - a.bytes || (a.name < b.name ? -1 : 1));
  const large = sorted.filter(({ bytes }) => bytes >= least).length;
  let shown = Math.min(CHILDREN, large);
  // "other (1)" would hide a name and save nothing.
  if (sorted.length - shown === 1) shown++;
  if (shown === 0 || depth === 0) return { name, bytes };
  const children = sorted.slice(0, shown)
    .map((child) => draw(joined(child), least, depth - 1));
  if (sorted.length > shown) {
    children.push({
      name: `other (${sorted.length - shown})`,
      bytes: sorted.slice(shown).reduce((sum, { bytes }) => sum + bytes, 0),
    });
  }
  return { name, bytes, children };
}

function joined(sum: Sum): Sum {
  const names = [sum.name];
  while (sum.children?.size === 1) {
    [sum] = sum.children.values();
    names.push(sum.name);
  }
  return { ...sum, name: names.join("/") };
}
