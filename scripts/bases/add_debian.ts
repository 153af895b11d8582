/**
 * What the builder takes from a freshly assembled Debian: all but what belongs to
 * the machine that assembled it, with the user `deno` added.
 *
 * @module
 */
import { withoutCredentials } from "./mirror.ts";
import { bytesOf, type NewEntry, readTar, type TarWriter } from "./tar.ts";

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

/**
 * Adds Debian's files, without those of the machine that assembled them.
 *
 * @param tar Where to add them.
 * @param stream The tar that mmdebstrap wrote.
 * @param ours Names that the archive has already.
 */
export async function addDebian(
  tar: Pick<TarWriter, "add">,
  stream: ReadableStream<Uint8Array>,
  ours: ReadonlySet<string>,
): Promise<void> {
  for await (const { header, body } of readTar(stream)) {
    const bare = header.name.replace(/^(\.?\/)+/, "");
    const name = header.type === "directory" ? bare.replace(/\/*$/, "/") : bare;
    if (name === "" || name === "/" || ours.has(name)) continue;
    if (UNWANTED.some((pattern) => pattern.test(name))) continue;
    const { mode, mtime, type, uid, gid, size, linkname } = header;
    const entry: NewEntry = { name, mode, mtime, type, uid, gid, size };
    if (type === "symlink") entry.linkname = linkname;
    if (type === "link") entry.linkname = linkname.replace(/^(\.?\/)+/, "");
    const change = changes(name);
    if (change === undefined) {
      await tar.add(entry, type === "file" ? body : undefined);
    } else {
      const before = new TextDecoder().decode(await bytesOf(body));
      await tar.add(entry, new TextEncoder().encode(change(before)));
    }
  }
}

function changes(name: string): ((text: string) => string) | undefined {
  const line = ACCOUNTS[name];
  if (line !== undefined) return (text) => text + line;
  if (/^etc\/apt\/sources\.list(\.d\/.*[^/])?$/.test(name)) {
    return withoutCredentials;
  }
}
