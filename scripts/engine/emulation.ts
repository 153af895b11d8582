/**
 * Whether this machine runs programs of another architecture: Linux does so
 * where an emulator is registered for them with binfmt_misc.
 *
 * @module
 */
import { HOST } from "../lib/platform.ts";

/** The machine in an ELF header, as entries of binfmt_misc state it. */
const MACHINE: Record<string, string> = { amd64: "3e00", arm64: "b700" };
/** Where it is, in hexadecimal digits. */
const AT = 2 * 18;

/**
 * Why programs of an architecture do not run in containers of this machine.
 *
 * @param architecture Of the image, as it states it.
 * @param folder Where the kernel lists its emulators.
 * @returns `undefined` when they run, emulated or not. Elsewhere than on Linux,
 * engines work in a virtual machine that brings its emulators.
 */
export function cannotRun(
  architecture: string,
  folder = "/proc/sys/fs/binfmt_misc",
): string | undefined {
  if (architecture === HOST || Deno.build.os !== "linux") return undefined;
  const found = entries(folder).filter((entry) =>
    /^enabled$/m.test(entry) && machineOf(entry) === MACHINE[architecture]
  );
  if (found.length === 0) {
    return `${architecture} programs do not run on this ${HOST} machine: no emulator is registered (qemu-user-static, binfmt_misc)`;
  }
  // Without this flag the kernel looks for the emulator inside the container.
  if (found.some((entry) => /^flags:.*F/m.test(entry))) return undefined;
  return `${architecture} programs do not run in containers here: their emulator is registered without the flag F`;
}

/** The contents of what is registered; nothing where binfmt_misc is not mounted. */
function entries(folder: string): string[] {
  try {
    return [...Deno.readDirSync(folder)]
      .filter(({ name }) => name !== "register" && name !== "status")
      .map(({ name }) => Deno.readTextFileSync(`${folder}/${name}`));
  } catch {
    return [];
  }
}

function machineOf(entry: string): string | undefined {
  return /^magic ([0-9a-f]+)$/m.exec(entry)?.[1].slice(AT, AT + 4);
}
