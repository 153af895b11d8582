/**
 * The root filesystems of the bases, as tar archives made of packages.
 *
 * The builder is what `denoland/deno:debian` is, with the official `deno`, and with
 * `denort` in `DENO_DIR`, where `deno compile` leaves its download. Its Debian is a
 * minimal one rather than `debian:stable-slim`.
 *
 * The runtime is made the way `distroless/cc-debian13` is: each package unpacked,
 * none installed. It differs in that it is one layer; `os-release` is Debian's and
 * `nsswitch.conf` ours; and the working directory is `/`, not `/home/nonroot`,
 * because some engines add a layer to set it. @module
 */
import { buffer } from "node:stream/consumers";
import { byteStream } from "../lib/command.ts";
import { EXIT, UserError } from "../lib/errors.ts";
import type { Architecture } from "../lib/platform.ts";
import { readTar, type TarEntry, writeTar, zipFile } from "./archives.ts";
import {
  debian,
  EPOCH_SECONDS,
  withoutCredentials,
  type WriteOptions,
} from "./debian.ts";
import {
  BUILDER_PACKAGES,
  DENO,
  DENO_VERSION,
  DENORT,
  RUNTIME_PACKAGES,
} from "./pins.ts";
import { readProgram } from "./programs.ts";

/** First words that are a command of deno's rather than a program. */
const SUBCOMMANDS =
  "add approve-scripts audit bench bundle cache check clean compile completions " +
  "coverage deploy doc eval fmt help info init install jupyter lint lsp " +
  "outdated publish remove repl run serve task test types uninstall update " +
  "upgrade vendor x";

/** Runs deno for its own subcommands and options, and anything else as given. */
const ENTRYPOINT = `#!/bin/sh
case "\${1-}" in
  "" | -* | ${SUBCOMMANDS.replaceAll(" ", " | ")}) exec deno "$@" ;;
esac
exec "$@"
`;

/** `tini -s` does not complain where an engine has no process namespace. */
export const BUILDER_DOCKERFILE = `FROM scratch
ADD rootfs.tar /
ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \\
    DENO_DIR=/deno-dir/ \\
    DENO_INSTALL_ROOT=/usr/local \\
    DENO_VERSION=${DENO_VERSION}
ENTRYPOINT ["/tini", "-s", "--", "docker-entrypoint.sh"]
CMD []
`;

/** What Debian's slim images leave out; and no waiting for the disk. */
const LEAN = [
  "--dpkgopt=force-unsafe-io",
  "--dpkgopt=path-exclude=/usr/share/doc/*",
  "--dpkgopt=path-include=/usr/share/doc/*/copyright",
  "--dpkgopt=path-exclude=/usr/share/info/*",
  "--dpkgopt=path-exclude=/usr/share/lintian/*",
  "--dpkgopt=path-exclude=/usr/share/locale/*",
  "--dpkgopt=path-exclude=/usr/share/man/*",
];

/** What goes into the name of the builder. */
export const BUILDER_FILES = { ENTRYPOINT, LEAN };

/** Writes the builder's; the wheels may still be on their way meanwhile. */
export function writeBuilder(
  path: string,
  wheels: Promise<readonly [deno: string, denort: string]>,
  options: WriteOptions,
): Promise<void> {
  const { architecture, onLine } = options;
  return writeTar(path, entries());

  async function* entries(): AsyncGenerator<TarEntry> {
    // Without them there is no need to wait for Debian.
    const failed = new AbortController();
    wheels.catch((error) => failed.abort(error));
    const signals = [failed.signal, ...options.signal ? [options.signal] : []];
    yield* OURS;
    yield* debianEntries(
      await debian(
        [
          "--variant=minbase",
          `--include=${BUILDER_PACKAGES.join(",")}`,
          ...LEAN,
          "--format=tar",
        ],
        "-",
        { ...options, signal: AbortSignal.any(signals) },
      ),
      new Set(OURS.map(({ name }) => name)),
    );
    const [deno, denort] = await wheels;
    onLine?.(`adding deno and denort ${DENO_VERSION}`);
    const pin = DENO[architecture];
    const content = readProgram(deno, pin);
    yield { name: "usr/bin/deno", mode: 0o755, mtime, size: pin.size, content };
    const program = readProgram(denort, DENORT[architecture]);
    yield await denortEntry(architecture, program);
  }
}

const mtime = new Date(EPOCH_SECONDS * 1000);
const DOWNLOADS = `deno-dir/dl/release/v${DENO_VERSION}`;

/** As a download: `DENORT_BIN` makes Deno ignore `--engine`, and the image larger. */
export async function denortEntry(
  architecture: Architecture,
  program: AsyncIterable<Uint8Array>,
): Promise<TarEntry> {
  const machine = { amd64: "x86_64", arm64: "aarch64" }[architecture];
  const name = `${DOWNLOADS}/denort-${machine}-unknown-linux-gnu.zip`;
  const content = await zipFile("denort", program);
  return { name, mode: 0o644, mtime, content };
}

function directory(name: string, id = 0) {
  const type = "directory" as const;
  return { name, type, mode: 0o755, mtime, uid: id, gid: id };
}

/** Parents come first, since not every engine makes them. */
const OURS: TarEntry[] = [
  directory("deno-dir", 1993),
  directory("deno-dir/dl"),
  directory("deno-dir/dl/release"),
  directory(DOWNLOADS),
  directory("home"),
  directory("home/deno", 1993),
  directory("usr"),
  directory("usr/bin"),
  directory("usr/local"),
  directory("usr/local/bin"),
  {
    name: "tini",
    type: "symlink",
    linkname: "usr/bin/tini",
    mode: 0o777,
    mtime,
  },
  {
    name: "usr/local/bin/docker-entrypoint.sh",
    mode: 0o755,
    mtime,
    content: new TextEncoder().encode(ENTRYPOINT),
  },
];

/** Puts another `denort` where `deno compile` keeps them in the machine's own builder. */
export function crossDockerfile(builder: string): string {
  return `FROM ${builder}\nADD rootfs.tar /\n`;
}

export async function writeCross(
  path: string,
  wheel: string,
  architecture: Architecture,
): Promise<void> {
  const program = readProgram(wheel, DENORT[architecture]);
  await writeTar(path, [await denortEntry(architecture, program)]);
}

/** Lines that make the user `deno` known. */
const ACCOUNTS: Record<string, string> = {
  "etc/passwd": "deno:x:1993:1993::/home/deno:/bin/sh\n",
  "etc/group": "deno:x:1993:\n",
  "etc/shadow": "deno:!:20000::::::\n",
  "etc/gshadow": "deno:!::\n",
};

/** Files that are the machine's, or only of use to the one that made the tree. */
const UNWANTED = [
  /^etc\/(hostname|resolv\.conf|machine-id)$/,
  /^etc\/(passwd|group|shadow|gshadow)-$/,
  /^etc\/apt\/apt\.conf\.d\/99mmdebstrap$/,
  /^var\/cache\/(apt|debconf|ldconfig)\//,
  /^var\/lib\/apt\/lists\//,
  /^var\/log\//,
];

/** The entries of mmdebstrap's tar that are neither `ours` nor the machine's. */
export async function* debianEntries(
  stream: ReadableStream<Uint8Array>,
  ours: ReadonlySet<string>,
): AsyncGenerator<TarEntry> {
  for await (const entry of readTar(stream)) {
    const { name: path, type, content } = entry;
    if (path === "" || path.startsWith("dev/") || ours.has(path)) continue;
    if (type !== "directory" && UNWANTED.some((files) => files.test(path))) {
      continue;
    }
    const change = changes(path);
    if (change === undefined || type !== "file") yield entry;
    else {
      const before = new TextDecoder().decode(await buffer(content));
      yield { ...entry, content: new TextEncoder().encode(change(before)) };
    }
  }
}

function changes(path: string): ((text: string) => string) | undefined {
  const line = ACCOUNTS[path];
  if (line !== undefined) return (text) => text + line;
  if (/^etc\/apt\/sources\.list(\.d\/.*)?$/.test(path)) {
    return withoutCredentials;
  }
}

/** The runtime's configuration, and all that decides it beside the packages. */
export const RUNTIME_DOCKERFILE = `FROM scratch
ADD rootfs.tar /
ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \\
    SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt
USER 65532
`;

/** Writes the runtime's; the same packages give the same bytes. */
export async function writeRuntime(
  path: string,
  options: WriteOptions,
): Promise<void> {
  const debs = `${options.folder}/debs`;
  await Deno.mkdir(debs);
  // Packages are taken whole, before they are mixed in one tree.
  const hook = `sync-out /var/cache/apt/archives ${quoted(debs)}`;
  const packages = RUNTIME_PACKAGES.join(",");
  const nothing = await debian(
    [
      "--variant=extract",
      `--include=${packages}`,
      "--format=null",
      `--extract-hook=${hook}`,
    ],
    "/dev/null",
    options,
  );
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
  const sorted = [...tree.values()].sort((a, b) => a.name < b.name ? -1 : 1);
  await writeTar(path, sorted);
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

/** By path; small enough for memory. */
export type RuntimeTree = Map<string, TarEntry & { content?: Uint8Array }>;

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

/** Of `ca-certificates`, only the certificates and the copyright are taken. */
export async function addPackage(
  tree: RuntimeTree,
  name: string,
  stream: ReadableStream<Uint8Array>,
): Promise<void> {
  for await (const entry of readTar(stream)) {
    const { name: path, type } = entry;
    if (path === "") continue;
    if (name === "ca-certificates") {
      const copyright = path.endsWith("/ca-certificates/copyright");
      if (!copyright && !isCertificate(path)) continue;
    }
    // The first package to have a directory is the one that owns it.
    if (type === "directory" && tree.has(path)) continue;
    const content = type === "file" ? await buffer(entry.content) : undefined;
    tree.set(path, { ...entry, content });
  }
}

function isCertificate(path: string): boolean {
  return path.startsWith("usr/share/ca-certificates/") && path.endsWith(".crt");
}

/** Notes a package where scanners look for it. */
export async function addStatus(
  tree: RuntimeTree,
  name: string,
  stream: ReadableStream<Uint8Array>,
): Promise<void> {
  const status = `var/lib/dpkg/status.d/${name}`;
  for await (const { name: path, content } of readTar(stream)) {
    if (path !== "control" && path !== "md5sums") continue;
    const text = new TextDecoder().decode(await buffer(content));
    hold(tree, path === "control" ? status : `${status}.md5sums`, text);
  }
}

/**
 * What maintainer scripts would have made: users, the bundle of certificates,
 * folders.
 */
export function complete(tree: RuntimeTree): void {
  const bundle = [...tree.keys()].filter(isCertificate).sort().map((path) => {
    const pem = new TextDecoder().decode(tree.get(path)?.content);
    tree.delete(path);
    return pem.endsWith("\n") ? pem : `${pem}\n`;
  });
  hold(tree, "etc/ssl/certs/ca-certificates.crt", bundle.join(""));
  hold(tree, "etc/passwd", PASSWD);
  hold(tree, "etc/group", GROUP);
  hold(tree, "etc/nsswitch.conf", NSSWITCH);
  const id = 65532;
  const home = {
    ...directory("home/nonroot", id),
    mode: 0o700,
    mtime: UNKNOWN,
  };
  tree.set(home.name, home);
  for (const path of [...tree.keys()]) {
    for (const { index } of path.matchAll(/\//g)) {
      const parent = path.slice(0, index);
      if (tree.has(parent)) continue;
      tree.set(parent, { ...directory(parent), mtime: UNKNOWN });
    }
  }
  const entries = [...tree.values()];
  const newest = new Date(Math.max(...entries.map(({ mtime }) => +mtime)));
  for (const entry of entries) if (+entry.mtime === 0) entry.mtime = newest;
}

/** Of what is ours: set when the times of all packages are known. */
const UNKNOWN = new Date(0);

function hold(tree: RuntimeTree, name: string, text: string): void {
  const content = new TextEncoder().encode(text);
  tree.set(name, { name, mode: 0o644, mtime: UNKNOWN, content });
}
