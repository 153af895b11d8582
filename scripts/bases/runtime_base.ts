/**
 * The runtime base from Debian packages, made the way `distroless/cc-debian13`
 * is: the same packages, each unpacked as it is, none installed, and the few
 * files that maintainer scripts would have made.
 *
 * Known differences from the public image: one layer instead of one for each
 * package; `os-release` and `nsswitch.conf` have our text; package versions are
 * those of the mirror on the day. Sizes differ by these alone, about 1 %.
 *
 * @module
 */
import { EXIT, UserError } from "../errors.ts";
import { debian, succeeded } from "./debian.ts";
import { type Architecture, RUNTIME_PACKAGES } from "./pins.ts";
import { run, start } from "./run.ts";
import { bytesOf, type NewEntry, readTar, TarWriter } from "./tar.ts";

/** An entry of a small root filesystem, held in memory. */
export interface Held {
  entry: NewEntry;
  content?: Uint8Array;
}

const text = (content: string) => new TextEncoder().encode(content);

const PASSWD = `root:x:0:0:root:/root:/sbin/nologin
nobody:x:65534:65534:nobody:/nonexistent:/sbin/nologin
nonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin
`;
const GROUP = `root:x:0:
nobody:x:65534:
tty:x:5:
staff:x:50:
nonroot:x:65532:
`;
const NSSWITCH = `passwd: files
group: files
shadow: files
hosts: files dns
networks: files
protocols: files
services: files
ethers: files
rpc: files
`;

/**
 * The image's configuration, and all that decides it beside the packages.
 */
export const RUNTIME_DOCKERFILE = `FROM scratch
ADD rootfs.tar /
ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \\
    SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt
USER 65532
WORKDIR /home/nonroot
`;

/** What goes into the name of the base. */
export const RUNTIME_FILES = { PASSWD, GROUP, NSSWITCH };

/** What writing a base needs. */
export interface WriteOptions {
  architecture: Architecture;
  /** A folder for temporary files, which exists and is removed by the caller. */
  folder: string;
  onLine?: (line: string) => void;
  signal?: AbortSignal;
}

/**
 * Writes the root filesystem of the runtime base.
 *
 * @param path The tar to write; the same packages give the same bytes.
 * @param options Architecture, folder for the packages, progress.
 * @throws {UserError} when the packages cannot be fetched.
 */
export async function writeRuntime(
  path: string,
  { architecture, folder, onLine, signal }: WriteOptions,
): Promise<void> {
  const debs = `${folder}/debs`;
  await Deno.mkdir(debs);
  const running = await debian({
    variant: "extract",
    packages: RUNTIME_PACKAGES,
    architecture,
    // Packages are taken whole, before they are mixed in one tree.
    args: [
      "--format=null",
      `--extract-hook=sync-out /var/cache/apt/archives ${debs}`,
    ],
    target: "/dev/null",
    onLine,
    signal,
  });
  await running.stdout.cancel();
  await succeeded(running.ended, signal);
  onLine?.("unpacking packages");
  const tree = new Map<string, Held>();
  const files = [...Deno.readDirSync(debs)].map(({ name }) => name);
  for (const name of RUNTIME_PACKAGES) {
    const file = files.find((file) => file.startsWith(`${name}_`));
    if (file === undefined) {
      throw new UserError(`Cannot find package "${name}" among what apt got`, {
        next: "Check the machine's apt preferences and sources",
        exitCode: EXIT.environment,
      });
    }
    await unpack(`${debs}/${file}`, name, tree, signal);
  }
  complete(tree);
  await using tar = new TarWriter(path);
  for (const name of [...tree.keys()].sort()) {
    const held = tree.get(name);
    if (held) await tar.add(held.entry, held.content);
  }
  await tar.finish();
}

async function unpack(
  deb: string,
  name: string,
  tree: Map<string, Held>,
  signal?: AbortSignal,
): Promise<void> {
  const running = start("dpkg-deb", ["--fsys-tarfile", deb], { signal });
  if (running === undefined) {
    throw new UserError("Cannot find dpkg-deb, which unpacks packages", {
      next: "apt-get install dpkg",
      exitCode: EXIT.environment,
    });
  }
  await addPackage(tree, name, running.stdout);
  await succeeded(running.ended, signal);
  if (name === "ca-certificates") return;
  const control = await run("dpkg-deb", ["--field", deb], { signal });
  const sums = await run("dpkg-deb", ["--info", deb, "md5sums"], { signal });
  const folder = "var/lib/dpkg/status.d/";
  hold(tree, `${folder}${name}`, 0o644, control?.stdout ?? "");
  hold(tree, `${folder}${name}.md5sums`, 0o644, sums?.stdout ?? "");
}

const CERTIFICATES = "usr/share/ca-certificates/";
const BUNDLE = "etc/ssl/certs/ca-certificates.crt";

/**
 * Lays the files of one package over those of the packages before it. Of
 * `ca-certificates` only the certificates and the copyright are taken.
 *
 * @param tree Path, a directory's with a trailing slash, to entry.
 * @param name The package's name.
 * @param stream Its files as a tar.
 */
export async function addPackage(
  tree: Map<string, Held>,
  name: string,
  stream: ReadableStream<Uint8Array>,
): Promise<void> {
  for await (const { header, body } of readTar(stream)) {
    const path = header.name.replace(/^(\.?\/)+/, "");
    if (path === "" || path === ".") continue;
    if (name === "ca-certificates") {
      const copyright = path.endsWith("/ca-certificates/copyright");
      const certificate = path.startsWith(CERTIFICATES) &&
        path.endsWith(".crt");
      if (!copyright && !certificate) continue;
    }
    const { mode, mtime, type, linkname, uid, gid } = header;
    const directory = type === "directory";
    const key = directory ? path.replace(/\/*$/, "/") : path;
    // The first package to have a directory is the one that owns it.
    if (directory && tree.has(key)) continue;
    const entry: NewEntry = { name: key, mode, mtime, type, uid, gid };
    if (type === "symlink") entry.linkname = linkname;
    if (type === "link") entry.linkname = linkname.replace(/^(\.?\/)+/, "");
    const content = type === "file" ? await bytesOf(body) : undefined;
    tree.set(key, { entry, content });
  }
}

/**
 * Adds what maintainer scripts would have made: users, the bundle of
 * certificates, and directories that only hold something of ours.
 *
 * @param tree The files of all packages.
 */
export function complete(tree: Map<string, Held>): void {
  const certificates = [...tree.keys()].sort()
    .filter((path) => path.startsWith(CERTIFICATES) && path.endsWith(".crt"));
  const bundle = certificates.map((path) => {
    const pem = new TextDecoder().decode(tree.get(path)?.content);
    tree.delete(path);
    return pem.endsWith("\n") ? pem : `${pem}\n`;
  });
  hold(tree, BUNDLE, 0o644, bundle.join(""));
  hold(tree, "etc/passwd", 0o644, PASSWD);
  hold(tree, "etc/group", 0o644, GROUP);
  hold(tree, "etc/nsswitch.conf", 0o644, NSSWITCH);
  const newest = Math.max(
    0,
    ...[...tree.values()].map(({ entry }) => entry.mtime.getTime()),
  );
  const mtime = new Date(newest);
  tree.set("home/nonroot/", {
    entry: {
      name: "home/nonroot/",
      type: "directory",
      mode: 0o700,
      mtime,
      uid: 65532,
      gid: 65532,
    },
  });
  for (const path of [...tree.keys()]) {
    for (
      let slash = path.indexOf("/");
      slash > 0 && slash < path.length - 1;
      slash = path.indexOf("/", slash + 1)
    ) {
      const name = path.slice(0, slash + 1);
      if (tree.has(name)) continue;
      tree.set(name, {
        entry: { name, type: "directory", mode: 0o755, mtime },
      });
    }
  }
  for (const { entry } of tree.values()) {
    if (entry.mtime.getTime() === 0) entry.mtime = mtime;
  }
}

/** Adds a file of ours; its time is set when the packages' are known. */
function hold(
  tree: Map<string, Held>,
  name: string,
  mode: number,
  content: string,
): void {
  const entry = { name, mode, mtime: new Date(0), type: "file" as const };
  tree.set(name, { entry, content: text(content) });
}
