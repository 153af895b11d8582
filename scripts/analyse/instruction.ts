/**
 * What an instruction of a Dockerfile does, read from an image's history, which
 * each builder writes in its own way.
 *
 * @module
 */

/** An instruction taken apart. */
export interface Instruction {
  /** Such as `RUN` or `COPY`; `""` when the history does not say. */
  verb: string;
  /** What follows it: for `RUN`, the command without the shell before it. */
  rest: string;
}

const NOP = /^(?:\/bin\/sh -c )?#\(nop\)\s+/;
const SHELL = /^(?:\|\d+ .*?)?\/bin\/(?:ba|da)?sh -(?:o pipefail -)?c /s;

/**
 * Takes the text of an image's history apart: `RUN /bin/sh -c x # buildkit`, as
 * BuildKit writes it, `/bin/sh -c x` and `/bin/sh -c #(nop) COPY …`, as docker's
 * older builder and buildah do, or as it stands in the Dockerfile.
 */
export function instruction(text: string): Instruction {
  const line = text.trim().replace(/\s*# buildkit$/, "");
  if (line === "") return { verb: "", rest: "" };
  const plain = line.replace(NOP, "");
  const word = plain.match(/^([A-Z]+)\s+(.*)$/s);
  if (word && plain !== line) return { verb: word[1], rest: word[2] };
  const [verb, rest] = word ? [word[1], word[2]] : ["", plain];
  const command = rest.replace(SHELL, "");
  if (verb !== "") return { verb, rest: verb === "RUN" ? command : rest };
  return command === rest ? { verb: "", rest } : { verb: "RUN", rest: command };
}
