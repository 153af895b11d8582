/** Debian packages: mmdebstrap, given the mirror and proxy of the machine's own apt. @module */
import { attempt, byteStream } from "../lib/command.ts";
import { EXIT, UserError } from "../lib/errors.ts";
import type { Architecture } from "../lib/platform.ts";
import { SUITE } from "./pins.ts";

/** The newest time that a file of an assembled base may have. */
export const EPOCH_SECONDS = 1735689600;

/** Lines at the end of mmdebstrap's output that tell why it failed. */
const LAST_LINES = 40;

export interface WriteOptions {
  architecture: Architecture;
  /** For temporary files; it exists and is removed by the caller. */
  folder: string;
  onLine?: (line: string) => void;
  signal?: AbortSignal;
}

/**
 * What mmdebstrap writes to its target, `-` for stdout, with these arguments: it
 * starts with the first read and fails with {@linkcode debianError}.
 */
export async function debian(
  args: string[],
  target: string,
  { architecture, folder, onLine, signal }: WriteOptions,
): Promise<ReadableStream<Uint8Array>> {
  const { sources, settings } = await machine(signal);
  return byteStream("mmdebstrap", [
    `--architectures=${architecture}`,
    ...settings.map((setting) => `--aptopt=${setting}`),
    ...args,
    SUITE,
    target,
    ...sources,
  ], {
    env: { SOURCE_DATE_EPOCH: `${EPOCH_SECONDS}`, TMPDIR: folder },
    onLine: (line) => onLine?.(line.replace(/^I: /, "")),
    signal,
    explain: ({ output }) =>
      debianError(output.trim().split("\n").slice(-LAST_LINES).join("\n")),
  });
}

async function machine(signal?: AbortSignal) {
  const list = async (...more: string[]) => {
    const args = ["indextargets", "--format", TARGET, ...MAIN, ...more];
    const { stdout } = await attempt("apt-get", args, { signal });
    return mirrorSources(stdout);
  };
  const format = ["--no-empty", "--format=%f %v%n"];
  const [signed, dump] = await Promise.all([
    list(),
    attempt("apt-config", ["dump", ...format], { signal }),
  ]);
  return {
    // Before the first `apt-get update` nothing is signed.
    sources: signed.length > 0 ? signed : await list("--no-release-info"),
    settings: networkOptions(dump.stdout),
  };
}

/** Reasons by what mmdebstrap and apt write; the first that matches counts. */
const REASONS: readonly [RegExp, string, string][] = [
  [
    /No space left on device/i,
    "no space left on the device",
    "Free some space where temporary files go, or set TMPDIR to a folder with 1 GB",
  ],
  [
    /NO_PUBKEY|is not signed|public key is not available|Missing key|cannot find.*keyring|no valid OpenPGP/i,
    `the machine cannot check the signatures of Debian ${SUITE}`,
    "apt-get install debian-archive-keyring (a newer one, if it is there already)",
  ],
  [
    /Could not resolve|Temporary failure resolving|Unable to connect|Could not connect|Connection (failed|refused|timed out)|Failed to fetch|is not available|\b40[347]\b.*\[/i,
    "its mirror does not answer",
    "Check apt's mirror and proxy: apt-get update, apt-config dump Acquire::http::Proxy",
  ],
  [
    /have to be root|newuidmap|unshare|Operation not permitted|superuser/i,
    "it may not make a root filesystem",
    "Run as root, or give your user a range in /etc/subuid and install uidmap",
  ],
];

export function debianError(output: string): UserError {
  const [, reason, next] = REASONS.find(([pattern]) => pattern.test(output)) ??
    [, "mmdebstrap failed", "Read its output below"];
  return new UserError(`Cannot assemble Debian ${SUITE}: ${reason}`, {
    next,
    exitCode: EXIT.environment,
    output,
  });
}

/** A field that is not set stays as it is here; the last may be a key of many lines. */
const TARGET =
  "$(ORIGIN)\t$(REPO_URI)\t$(RELEASE)\t$(SOURCESENTRY)\t$(SIGNED_BY)";
const MAIN = ["Created-By: Packages", "Target-Of: deb", "Component: main"];

/** Makes a `sources.list` of `apt-get indextargets`; empty without a Debian mirror. */
export function mirrorSources(targets: string): string[] {
  const lines = new Set<string>();
  let hasMain = false;
  for (const target of targets.split("\n")) {
    const [origin, url = "", release, entry, key] = target.split("\t");
    if (!/^https?:\/\//.test(url) || !isDebian(origin, entry)) continue;
    const pocket = /-security$|\/updates$/.test(release)
      ? "-security"
      : /-(updates|backports)[^/]*$/.exec(release)?.[0] ?? "";
    if (!["", "-updates", "-security"].includes(pocket)) continue;
    hasMain ||= pocket === "";
    const option = key.startsWith("/") && !key.includes("debian-archive")
      ? `[signed-by=${key}] `
      : "";
    lines.add(`deb ${option}${url} ${SUITE}${pocket} main`);
  }
  return hasMain ? [...lines] : [];
}

/**
 * Debian's own archives are told by the signed origin; before the first `apt-get
 * update` there is none, and the files that Debian itself installs are trusted.
 */
function isDebian(origin: string, entry: string): boolean {
  return origin === "Debian" || origin === "$(ORIGIN)" &&
      /^\/etc\/apt\/(sources\.list|sources\.list\.d\/debian\.(sources|list)):/
        .test(entry);
}

/**
 * The lines of `apt-config dump` that say how to reach a mirror, as `apt.conf` has
 * them.
 */
export function networkOptions(dump: string): string[] {
  const settings = dump.matchAll(
    /^(Acquire::https?::[^ \n]*|Acquire::Retries) (.+)$/gim,
  );
  return Array.from(settings, ([, name, value]) => ({ name, value }))
    .filter(({ name, value }) => NETWORK.test(name) && !value.includes('"'))
    .map(({ name, value }) => `${name} "${value}";`);
}

const NETWORK =
  /::proxy(::|$)|::(cainfo|capath|verify-peer|verify-host|sslcert|sslkey|retries)$/i;

/** Removes `user:password@` from the URLs of a `sources.list`, which stays in the image. */
export function withoutCredentials(text: string): string {
  return text.replace(/(:\/\/)[^/@\s]*@/g, "$1");
}
