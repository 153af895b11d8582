/**
 * History lines as the Dockerfile had them. Each builder wraps an instruction in
 * its own way; people look for the line that they wrote.
 *
 * @module
 */

/**
 * The instruction of a history line.
 *
 * @param createdBy The `created_by` of an image's history.
 * @returns For example `RUN apt-get update`, on one line.
 *
 * @example
 * ```ts
 * instruction("/bin/sh -c #(nop)  USER nobody"); // USER nobody
 * instruction("RUN /bin/sh -c make # buildkit"); // RUN make
 * ```
 */
export function instruction(createdBy: string): string {
  let line = createdBy.replace(/\s+/g, " ").trim();
  line = line.replace(/ # buildkit$/, "");
  // In place of names, some write the digest of what was copied.
  line = line.replace(
    /\b(file|dir|multi):([0-9a-f]{12})[0-9a-f]{52}\b/g,
    "$1:$2",
  );
  // Arguments of the build come first: `|2 A=1 B=2 /bin/sh -c make`.
  line = line.replace(/^(RUN )?\|[0-9]+ (.*? )?(?=\/bin\/(?:ba)?sh -c )/, "$1");
  const nop = /^\/bin\/sh -c #\(nop\) */.exec(line);
  if (nop !== null) return line.slice(nop[0].length).trim();
  const shell = /^(?:RUN )?\/bin\/(?:ba)?sh -c */.exec(line);
  if (shell !== null) return `RUN ${line.slice(shell[0].length)}`;
  return line;
}
