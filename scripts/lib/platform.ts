/** The platforms that images are made for, and which run here. @module */
import { UserError } from "./errors.ts";

export type Architecture = "amd64" | "arm64";

export type Platform = `linux/${Architecture}`;

/** Those that `deno compile` has a Linux runtime for. */
const PLATFORMS: Platform[] = ["linux/amd64", "linux/arm64"];

/** What kernels, Deno and other tools call the architectures of images. */
const MACHINES: Record<string, string> = {
  x86_64: "amd64",
  "x86-64": "amd64",
  x64: "amd64",
  aarch64: "arm64",
  "arm64/v8": "arm64",
  i386: "386",
  i686: "386",
  armv7l: "arm",
  ppc64el: "ppc64le",
};

/** An architecture as images name it (in Go's words), whatever a tool calls it. */
export function architectureNamed(name: string): string {
  return MACHINES[name.toLowerCase()] ?? name.toLowerCase();
}

/** Deno runs on no others. */
export const HOST = architectureNamed(Deno.build.arch) as Architecture;

export function architectureOf(platform: Platform): Architecture {
  return platform === "linux/arm64" ? "arm64" : "amd64";
}

/** Reads a list such as `linux/amd64,linux/arm64`: each once, in that order. */
export function parsePlatforms(text: string): Platform[] {
  return [...new Set(text.split(",").map((word) => parse(word.trim())))];
}

function parse(word: string): Platform {
  const known = PLATFORMS.find((platform) => platform === word);
  if (known !== undefined) return known;
  throw new UserError(
    `Cannot build for platform "${word}": expected ${PLATFORMS.join(" or ")}`,
    { next: "Give one or both; Deno has a Linux runtime for no other" },
  );
}

/** The machine in an ELF header, as entries of binfmt_misc state it. */
const MACHINE: Record<string, string> = { amd64: "3e00", arm64: "b700" };

/** Why programs of an architecture do not run in containers of this machine. */
export function cannotRun(
  architecture: string,
  folder = "/proc/sys/fs/binfmt_misc",
): string | undefined {
  // Elsewhere engines work in a virtual machine that brings its emulators.
  if (architecture === HOST || Deno.build.os !== "linux") return undefined;
  // The machine of an ELF header is at 18, in hexadecimal digits at 36.
  const found = entries(folder).filter((entry) =>
    /^enabled$/m.test(entry) &&
    /^magic [0-9a-f]{36}([0-9a-f]{4})/m.exec(entry)?.[1] ===
      MACHINE[architecture]
  );
  if (found.length === 0) {
    return `${architecture} programs do not run on this ${HOST} machine: no emulator is registered (qemu-user-static, binfmt_misc)`;
  }
  // Without this flag the kernel looks for the emulator inside the container.
  if (found.some((entry) => /^flags:.*F/m.test(entry))) return undefined;
  return `${architecture} programs do not run in containers here: their emulator is registered without the flag F`;
}

function entries(folder: string): string[] {
  try {
    return [...Deno.readDirSync(folder)]
      .filter(({ name }) => name !== "register" && name !== "status")
      .map(({ name }) => Deno.readTextFileSync(`${folder}/${name}`));
  } catch {
    return [];
  }
}
