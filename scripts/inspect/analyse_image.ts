/** All that the report says of an image's inside. @module */
import type { Program } from "../deno_binary/program_schema.ts";
import type { CompiledProgram } from "../deno_binary/program_sink.ts";
import type { Entry, Image, Rootfs } from "../image/model.ts";
import { resolvePath } from "../image/resolve_path.ts";
import { rootfs } from "../image/rootfs.ts";
import type { ImageAnalysis, Secret, TreeNode } from "./inspect_schema.ts";
import { maskCommand, maskVariable } from "../lib/secret_text.ts";
import { commandPermissions } from "./permissions.ts";
import { foundIn } from "./probe.ts";
import { configSecrets } from "./secrets.ts";
import { startedPrograms, surface } from "./surface.ts";
import { waste } from "./waste.ts";

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
