/**
 * What the builder takes from a freshly assembled Debian: all but what belongs to
 * the machine that assembled it, with the user `deno` added.
 *
 * @module
 */
import { withoutCredentials } from "./mirror.ts";
import { type NewEntry, readAll, readTar, type TarWriter } from "./tar.ts";

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
    const bare = header.path.replace(/^(\.?\/)+/, "");
    const path = header.type === "directory" ? bare.replace(/\/*$/, "/") : bare;
    if (path === "" || path === "/" || ours.has(path)) continue;
    if (UNWANTED.some((pattern) => pattern.test(path))) continue;
    const entry: NewEntry = { ...header, path };
    if (header.type === "hardlink") {
      entry.link = header.link.replace(/^(\.?\/)+/, "");
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
