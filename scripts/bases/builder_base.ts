/**
 * The builder base from packages: what `denoland/deno:debian` is, with the official
 * `deno`, and with `denort` in `DENO_DIR`, where `deno compile` leaves its download.
 * Its Debian is a minimal one rather than `debian:stable-slim`. @module
 */
import {
  debian,
  EPOCH_SECONDS,
  withoutCredentials,
  type WriteOptions,
} from "./debian.ts";
import { BUILDER_PACKAGES, DENO, DENO_VERSION, DENORT } from "./pins.ts";
import { type NewEntry, readAll, readTar, TarWriter } from "./tar.ts";
import { zipFile } from "./zip_member.ts";
import type { Architecture } from "../lib/platform.ts";
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

/** What goes into the name of the base. */
export const BUILDER_FILES = { ENTRYPOINT, LEAN };

/** Writes the root filesystem; the wheels may still be on their way meanwhile. */
export async function writeBuilder(
  path: string,
  wheels: Promise<readonly [deno: string, denort: string]>,
  { architecture, folder, onLine, signal }: WriteOptions,
): Promise<void> {
  // Without them there is no need to wait for Debian.
  const failed = new AbortController();
  wheels.catch((error) => failed.abort(error));
  await using tar = new TarWriter(path);
  for (const entry of OURS) await tar.add(entry, entry.content);
  const tree = await debian({
    variant: "minbase",
    packages: BUILDER_PACKAGES,
    architecture,
    args: [...LEAN, "--format=tar"],
    target: "-",
    folder,
    onLine,
    signal: signal ? AbortSignal.any([signal, failed.signal]) : failed.signal,
  });
  await addDebian(tar, tree, new Set(OURS.map(({ path }) => path)));
  const [deno, denort] = await wheels;
  onLine?.(`adding deno and denort ${DENO_VERSION}`);
  const pin = DENO[architecture];
  await tar.add(
    { path: "usr/bin/deno", mode: 0o755, mtime, size: pin.size },
    readProgram(deno, pin, architecture),
  );
  await addDenort(tar, denortIn(denort, architecture), architecture);
  await tar.finish();
}

function denortIn(wheel: string, architecture: Architecture) {
  return readProgram(wheel, DENORT[architecture], architecture);
}

const mtime = EPOCH_SECONDS;
const DOWNLOADS = `deno-dir/dl/release/v${DENO_VERSION}`;

/** As a download: `DENORT_BIN` makes Deno ignore `--engine`, and the image larger. */
export async function addDenort(
  tar: TarWriter,
  program: AsyncIterable<Uint8Array>,
  architecture: Architecture,
): Promise<void> {
  const machine = { amd64: "x86_64", arm64: "aarch64" }[architecture];
  const archive = await zipFile("denort", program);
  const path = `${DOWNLOADS}/denort-${machine}-unknown-linux-gnu.zip`;
  await tar.add({ path, mode: 0o644, mtime, size: archive.length }, archive);
}

function directory(path: string, id = 0): NewEntry {
  return { path, type: "directory", mode: 0o755, mtime, uid: id, gid: id };
}

/** Parents come first, since not every engine makes them. */
const OURS: (NewEntry & { content?: Uint8Array })[] = [
  directory("deno-dir/", 1993),
  directory("deno-dir/dl/"),
  directory("deno-dir/dl/release/"),
  directory(`${DOWNLOADS}/`),
  directory("home/"),
  directory("home/deno/", 1993),
  directory("usr/"),
  directory("usr/bin/"),
  directory("usr/local/"),
  directory("usr/local/bin/"),
  { path: "tini", type: "symlink", link: "usr/bin/tini", mode: 0o777, mtime },
  {
    path: "usr/local/bin/docker-entrypoint.sh",
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
  await using tar = new TarWriter(path);
  await addDenort(tar, denortIn(wheel, architecture), architecture);
  await tar.finish();
}

/** Lines that make the user `deno` known. */
const ACCOUNTS: Record<string, string> = {
  "etc/passwd": "deno:x:1993:1993::/home/deno:/bin/sh\n",
  "etc/group": "deno:x:1993:\n",
  "etc/shadow": "deno:!:20000::::::\n",
  "etc/gshadow": "deno:!::\n",
};

/** What is the machine's, or only of use to the one that made the tree. */
const UNWANTED = [
  /^dev\/./,
  /^etc\/(hostname|resolv\.conf|machine-id)$/,
  /^etc\/(passwd|group|shadow|gshadow)-$/,
  /^etc\/apt\/apt\.conf\.d\/99mmdebstrap$/,
  /^var\/cache\/(apt|debconf|ldconfig)\/.*[^/]$/,
  /^var\/lib\/apt\/lists\/.*[^/]$/,
  /^var\/log\/.*[^/]$/,
];

/** Adds files of mmdebstrap's tar that are neither `ours` nor the machine's. */
export async function addDebian(
  tar: Pick<TarWriter, "add">,
  stream: ReadableStream<Uint8Array>,
  ours: ReadonlySet<string>,
): Promise<void> {
  for await (const { header, body } of readTar(stream)) {
    const bare = header.path.replace(/^(\.?\/)+/, "");
    const path = header.type === "directory" ? bare.replace(/\/*$/, "/") : bare;
    if (path === "" || path === "/" || ours.has(path)) continue;
    if (UNWANTED.some((pattern) => pattern.test(path))) continue;
    const entry: NewEntry = { ...header, path };
    if (header.type === "hardlink") {
      entry.link = header.link?.replace(/^(\.?\/)+/, "");
    }
    const change = changes(path);
    if (change === undefined) {
      await tar.add(entry, header.type === "file" ? body : undefined);
    } else {
      const before = new TextDecoder().decode(await readAll(body));
      await tar.add(entry, new TextEncoder().encode(change(before)));
    }
  }
}

function changes(path: string): ((text: string) => string) | undefined {
  const line = ACCOUNTS[path];
  if (line !== undefined) return (text) => text + line;
  if (/^etc\/apt\/sources\.list(\.d\/.*[^/])?$/.test(path)) {
    return withoutCredentials;
  }
}
