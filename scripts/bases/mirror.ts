/**
 * Where packages come from: the mirror, the proxy and the certificates that the
 * machine's own apt uses, so that a network without the public mirror works.
 *
 * @module
 */
import { SUITE } from "./pins.ts";

/** Paragraphs of deb822 text, as name to value. */
function paragraphs(text: string): Map<string, string>[] {
  return text.split(/\n\s*\n/).map((paragraph) =>
    new Map(
      paragraph.split("\n").map((line) => {
        const colon = line.indexOf(":");
        return [line.slice(0, colon), line.slice(colon + 1).trim()] as const;
      }),
    )
  );
}

/**
 * Turns the index targets of the machine's apt into sources for our suite.
 *
 * Debian's own archives are told by the signed origin; before the first
 * `apt-get update` there is none, and the files that Debian itself installs
 * are trusted instead.
 *
 * @param targets Output of `apt-get indextargets --no-release-info` or without
 * the flag.
 * @returns Lines for `sources.list`; empty when apt knows no Debian mirror.
 */
export function mirrorSources(targets: string): string[] {
  const lines = new Set<string>();
  let hasMain = false;
  for (const target of paragraphs(targets)) {
    const url = target.get("Repo-URI") ?? "";
    if (target.get("Target-Of") !== "deb") continue;
    if (target.get("Component") !== "main" || !isDebian(target)) continue;
    if (!/^https?:\/\//.test(url)) continue;
    const release = target.get("Release") ?? "";
    const pocket = /-security$|\/updates$/.test(release)
      ? "-security"
      : /-(updates|backports)[^/]*$/.exec(release)?.[0] ?? "";
    if (!["", "-updates", "-security"].includes(pocket)) continue;
    hasMain ||= pocket === "";
    const key = target.get("Signed-By") ?? "";
    const option = key.startsWith("/") && !key.includes("debian-archive")
      ? `[signed-by=${key}] `
      : "";
    lines.add(`deb ${option}${url} ${SUITE}${pocket} main`);
  }
  return hasMain ? [...lines] : [];
}

function isDebian(target: Map<string, string>): boolean {
  const origin = target.get("Origin");
  if (origin !== undefined) return origin === "Debian";
  return /^\/etc\/apt\/(sources\.list|sources\.list\.d\/debian\.(sources|list)):/
    .test(target.get("Sourcesentry") ?? "");
}

/**
 * Chooses the settings of the machine's apt that say how to reach a mirror.
 *
 * @param dump Output of `apt-config dump --no-empty --format "%f %v%n"`.
 * @returns Settings as apt.conf lines: proxies, certificates, credentials' file.
 */
export function networkOptions(dump: string): string[] {
  const options: string[] = [];
  for (const line of dump.split("\n")) {
    const [, name, value] =
      /^(Acquire::https?::[^ ]*|Acquire::Retries) (.+)$/i.exec(line) ?? [];
    if (name === undefined) continue;
    const leaf = name.slice(name.lastIndexOf("::") + 2).toLowerCase();
    const wanted = /::proxy(::|$)/i.test(name) ||
      ["cainfo", "capath", "verify-peer", "verify-host", "sslcert", "sslkey"]
        .includes(leaf) ||
      leaf === "retries";
    if (wanted && !value.includes('"')) options.push(`${name} "${value}";`);
  }
  return options;
}

/**
 * Removes credentials from the URLs of a `sources.list`, since it stays in the
 * image.
 *
 * @param text The file.
 * @returns The same without `user:password@`.
 */
export function withoutCredentials(text: string): string {
  return text.replace(/(:\/\/)[^/@\s]*@/g, "$1");
}
