/**
 * Chooses the files that a bill of materials is made from: what every look at an
 * image needs, more closely, and the files in which dpkg says what belongs to
 * which package.
 *
 * @module
 */
import { UserError } from "../lib/errors.ts";
import type { Probe } from "../image/model.ts";
import { isCopyright } from "./copyright.ts";
import { isFileList } from "./package_files.ts";
import { isOsRelease } from "../inspect/os_release.ts";
import { look, TextSink } from "../inspect/probe.ts";

/** All texts together; a full Debian desktop has a tenth of it. */
const MAX_TEXTS = 512 * 1024 * 1024;

/** A probe for one image. */
export function inventoryProbe(maxTexts = MAX_TEXTS): Probe {
  let left = maxTexts;
  return (entry) => {
    const { path, type, size } = entry;
    const wanted = type === "file" && size > 0 &&
      (isFileList(path) || isCopyright(path) || isOsRelease(path));
    if (!wanted) return look(entry, { detailed: true });
    left -= size;
    if (left < 0) {
      throw new UserError(
        "Cannot list the packages of the image: the files in which dpkg lists them are too large",
        { next: "Look whether it is an image of Debian packages at all" },
      );
    }
    return new TextSink(size);
  };
}
