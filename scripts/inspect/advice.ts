/**
 * What to change in a Dockerfile so that a copy of a file is not carried along
 * for nothing.
 *
 * @module
 */
import type { Image } from "../image/model.ts";
import type { Loss } from "../image/model.ts";

/**
 * Says how to avoid a loss, from the instructions that wrote and covered it.
 *
 * @param moved Whether what was deleted is still there under another path.
 * @returns One sentence without a full stop.
 */
export function advice(image: Image, loss: Loss, moved: boolean): string {
  const writer = takeApart(image.layers[loss.writtenBy].instruction);
  const cover = takeApart(image.layers[loss.coveredBy].instruction);
  const copied = writer.verb === "COPY" || writer.verb === "ADD";
  const copiedOver = cover.verb === "COPY" || cover.verb === "ADD";
  const base = loss.writtenBy === 0 && isBase(writer);

  if (loss.how === "metadata") {
    const change = metadataChange(loss);
    if (base) {
      return `Leave the base image's file as it is: ${change.verb} copies it whole`;
    }
    if (copied) {
      return change.flag === ""
        ? copiedOver
          ? `Copy it once: leave it out of the first ${writer.verb}`
          : `Write it once: drop what touches it after the ${writer.verb}`
        : `Use ${writer.verb} ${change.flag} in place of a later ${change.verb}`;
    }
    return writer.verb === "RUN"
      ? `Run ${change.verb} in the same RUN that writes it`
      : `Run ${change.verb} in the same instruction that writes it`;
  }
  if (moved) {
    return base
      ? "Leave it where the base image has it: moving it copies it whole"
      : "Write it to where it is moved to at once: moving it copies it whole";
  }
  if (base) {
    return loss.how === "deleted"
      ? "Start from a base image without it: deleting it later frees nothing"
      : "Start from a base image that has it right, or change it less often";
  }
  if (loss.how === "deleted") {
    if (copied) {
      return writer.rest.includes("--from=")
        ? "Copy only what is needed from the other stage, or delete it there"
        : cover.verb === "RUN"
        ? `Leave it out of the ${writer.verb}, or read it with RUN --mount=type=bind`
        : `Leave it out of the ${writer.verb}`;
    }
    return writer.verb === "RUN"
      ? "Delete it in the same RUN that writes it"
      : "Delete it in the same instruction that writes it";
  }
  if (copied && copiedOver) {
    return `Copy it once: leave it out of the first ${writer.verb}`;
  }
  if (copied) {
    return `Change it before the ${writer.verb}, in an earlier stage or in the context`;
  }
  if (writer.verb === "RUN" && cover.verb === "RUN") {
    return "Join the two RUN instructions, or write it in the last one only";
  }
  return "Write it once, in the last instruction that changes it";
}

/** `COPY` and `a /b` of `COPY a /b`; both empty when the history is silent. */
function takeApart(instruction: string): { verb: string; rest: string } {
  const [, verb = "", rest = ""] =
    /^([A-Z]+)(?:\s+(.*))?$/s.exec(instruction) ??
      [];
  return { verb, rest };
}

/** A first layer that was unpacked whole: the root file system of a base. */
function isBase({ verb, rest }: { verb: string; rest: string }): boolean {
  return verb === "" || verb === "FROM" ||
    (verb === "ADD" && /^(?:file|multi|dir):|\.tar\b.* \/$|rootfs/.test(rest));
}

/** The command that copied a file up, and the flag of COPY that avoids it. */
function metadataChange(
  { entry, cover }: Loss,
): { verb: string; flag: string } {
  const mode = cover !== undefined && cover.mode !== entry.mode;
  const owner = cover !== undefined &&
    (cover.uid !== entry.uid || cover.gid !== entry.gid);
  const flags: string[] = [];
  if (mode) flags.push(`--chmod=${cover.mode.toString(8)}`);
  if (owner) flags.push(`--chown=${cover.uid}:${cover.gid}`);
  const verb = mode && owner
    ? "chmod and chown"
    : mode
    ? "chmod"
    : owner
    ? "chown"
    : "touch";
  return { verb, flag: flags.join(" ") };
}
