/**
 * The runtime base from Debian packages, made the way `distroless/cc-debian13`
 * is: the same packages, each unpacked as it is, none installed, and the few
 * files that maintainer scripts would have made.
 *
 * Known differences from the public image: one layer instead of one for each
 * package; `os-release` is Debian's and `nsswitch.conf` ours; package versions
 * are the mirror's; the working directory is `/` rather than `/home/nonroot`,
 * because some engines add a layer to set it.
 *
 * @module
 */
import { byteStream } from "../lib/byte_stream.ts";
import { EXIT, UserError } from "../lib/errors.ts";
import { debian, type WriteOptions } from "./debian.ts";
import { RUNTIME_PACKAGES } from "./pins.ts";
import {
  addPackage,
  addStatus,
  complete,
  type RuntimeTree,
} from "./runtime_tree.ts";
import { TarWriter } from "./tar.ts";

/**
 * The image's configuration, and all that decides it beside the packages.
 */
export const RUNTIME_DOCKERFILE = `FROM scratch
ADD rootfs.tar /
ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \\
    SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt
USER 65532
`;

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
  const nothing = await debian({
    variant: "extract",
    packages: RUNTIME_PACKAGES,
    architecture,
    // Packages are taken whole, before they are mixed in one tree.
    args: [
      "--format=null",
      `--extract-hook=sync-out /var/cache/apt/archives ${quoted(debs)}`,
    ],
    target: "/dev/null",
    folder,
    onLine,
    signal,
  });
  await nothing.pipeTo(new WritableStream());
  onLine?.("unpacking packages");
  const tree = new Map() as RuntimeTree;
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
