/**
 * The runtime base from Debian packages, made the way `distroless/cc-debian13` is:
 * each package unpacked, none installed. It differs in that it is one layer;
 * `os-release` is Debian's and `nsswitch.conf` ours; and the working directory is
 * `/`, not `/home/nonroot`, because some engines add a layer to set it. @module
 */
import { byteStream } from "../lib/command.ts";
import { EXIT, UserError } from "../lib/errors.ts";
import { debian, type WriteOptions } from "./debian.ts";
import { RUNTIME_PACKAGES } from "./pins.ts";
import { type NewEntry, readAll, readTar, TarWriter } from "./tar.ts";

/** The image's configuration, and all that decides it beside the packages. */
export const RUNTIME_DOCKERFILE = `FROM scratch
ADD rootfs.tar /
ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \\
    SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt
USER 65532
`;

/** The same packages give the same bytes. */
export async function writeRuntime(
  path: string,
  options: WriteOptions,
): Promise<void> {
  const debs = `${options.folder}/debs`;
  await Deno.mkdir(debs);
  const nothing = await debian({
    ...options,
    variant: "extract",
    packages: RUNTIME_PACKAGES,
    // Packages are taken whole, before they are mixed in one tree.
    args: [
      "--format=null",
      `--extract-hook=sync-out /var/cache/apt/archives ${quoted(debs)}`,
    ],
    target: "/dev/null",
  });
  await nothing.pipeTo(new WritableStream());
  options.onLine?.("unpacking packages");
  const tree: RuntimeTree = new Map();
  const files = [...Deno.readDirSync(debs)].map(({ name }) => name);
  for (const name of RUNTIME_PACKAGES) {
    const file = files.find((file) => file.startsWith(`${name}_`));
    if (file === undefined) {
      throw new UserError(`Cannot find package "${name}" among what apt got`, {
        next: "Check the machine's apt preferences and sources",
        exitCode: EXIT.environment,
      });
    }
    await unpack(`${debs}/${file}`, name, tree, options.signal);
  }
  complete(tree);
  await using tar = new TarWriter(path);
  const sorted = [...tree].sort(([a], [b]) => a < b ? -1 : 1);
  for (const [, { entry, content }] of sorted) await tar.add(entry, content);
  await tar.finish();
}

async function unpack(
  deb: string,
  name: string,
  tree: RuntimeTree,
  signal?: AbortSignal,
): Promise<void> {
  const read = (part: string) =>
    byteStream("dpkg-deb", [part, deb], {
      signal,
      explain: ({ output }) =>
        new UserError(`Cannot unpack package "${name}"`, {
          next: "Assemble the bases again: its download may be damaged",
          exitCode: EXIT.environment,
          output,
        }),
    });
  await addPackage(tree, name, read("--fsys-tarfile"));
  // Of this one only certificates are taken: it is not there as a package.
  if (name === "ca-certificates") return;
  await addStatus(tree, name, read("--ctrl-tarfile"));
}

/** An argument of mmdebstrap's hooks, which are split like a shell's words. */
function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

/** Path, a directory's with a trailing slash, to what is there; small enough for memory. */
export type RuntimeTree = Map<
  string,
  { entry: NewEntry; content?: Uint8Array }
>;

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

/** Their order decides the name of the base, too. */
export const RUNTIME_FILES = { GROUP, NSSWITCH, PASSWD };

const CERTIFICATES = "usr/share/ca-certificates/";
const BUNDLE = "etc/ssl/certs/ca-certificates.crt";

/** Of `ca-certificates`, only the certificates and the copyright are taken. */
export async function addPackage(
  tree: RuntimeTree,
  name: string,
  stream: ReadableStream<Uint8Array>,
): Promise<void> {
  for await (const { header, body } of readTar(stream)) {
    const path = header.path.replace(/^(\.?\/)+/, "");
    if (path === "" || path === ".") continue;
    if (name === "ca-certificates") {
      const copyright = path.endsWith("/ca-certificates/copyright");
      const certificate = path.startsWith(CERTIFICATES) &&
        path.endsWith(".crt");
      if (!copyright && !certificate) continue;
    }
    const { mode, mtime, type, link, uid, gid } = header;
    const directory = type === "directory";
    const key = directory ? path.replace(/\/*$/, "/") : path;
    // The first package to have a directory is the one that owns it.
    if (directory && tree.has(key)) continue;
    const entry: NewEntry = { path: key, mode, mtime, type, uid, gid };
    if (type === "symlink") entry.link = link;
    if (type === "hardlink") entry.link = link?.replace(/^(\.?\/)+/, "");
    const content = type === "file" ? await readAll(body) : undefined;
    tree.set(key, { entry, content });
  }
}

/** Notes a package where scanners look for it. */
export async function addStatus(
  tree: RuntimeTree,
  name: string,
  stream: ReadableStream<Uint8Array>,
): Promise<void> {
  const path = `var/lib/dpkg/status.d/${name}`;
  for await (const { header, body } of readTar(stream)) {
    const file = header.path.replace(/^\.\//, "");
    if (file !== "control" && file !== "md5sums") continue;
    const content = new TextDecoder().decode(await readAll(body));
    hold(tree, file === "control" ? path : `${path}.md5sums`, content);
  }
}

/**
 * What maintainer scripts would have made: users, the bundle of certificates,
 * folders.
 */
export function complete(tree: RuntimeTree): void {
  const certificates = [...tree.keys()].sort()
    .filter((path) => path.startsWith(CERTIFICATES) && path.endsWith(".crt"));
  const bundle = certificates.map((path) => {
    const pem = new TextDecoder().decode(tree.get(path)?.content);
    tree.delete(path);
    return pem.endsWith("\n") ? pem : `${pem}\n`;
  });
  hold(tree, BUNDLE, bundle.join(""));
  hold(tree, "etc/passwd", PASSWD);
  hold(tree, "etc/group", GROUP);
  hold(tree, "etc/nsswitch.conf", NSSWITCH);
  const mtime = Math.max(
    0,
    ...[...tree.values()].map(({ entry }) => entry.mtime),
  );
  const addFolder = (path: string, mode: number, id = 0) => {
    const own = { path, mode, mtime, uid: id, gid: id };
    tree.set(path, { entry: { ...own, type: "directory" } });
  };
  addFolder("home/nonroot/", 0o700, 65532);
  for (const path of [...tree.keys()]) {
    for (const { index } of path.matchAll(/\/(?!$)/g)) {
      const parent = path.slice(0, index + 1);
      if (!tree.has(parent)) addFolder(parent, 0o755);
    }
  }
  for (const { entry } of tree.values()) {
    if (entry.mtime === 0) entry.mtime = mtime;
  }
}

/** Adds a file of ours; its time is set when the packages' are known. */
function hold(tree: RuntimeTree, path: string, content: string): void {
  const entry = { path, mode: 0o644, mtime: 0 };
  tree.set(path, { entry, content: new TextEncoder().encode(content) });
}
