import { assertEquals } from "@std/assert";
import type { Entry } from "../image/model.ts";
import { file, image, layer, whiteout } from "../../testing/image.ts";
import { rootfs } from "../image/rootfs.ts";
import { waste } from "./waste.ts";

/** The advice for a file written by one instruction and covered by another. */
function adviceFor(
  [writer, before]: [string, Entry],
  [cover, after]: [string, Entry],
): string {
  const tested = image([
    layer("FROM", file("base", 1)),
    layer(writer, before),
    layer(cover, after),
  ]);
  const { wasted } = waste(tested, rootfs(tested));
  assertEquals(wasted.length, 1);
  return wasted[0].advice;
}

const plain = file("a", 10);

Deno.test("advice: copied, then chmod", () => {
  assertEquals(
    adviceFor(["COPY a /", plain], [
      "RUN chmod 755 /a",
      file("a", 10, { mode: 0o755 }),
    ]),
    "Use COPY --chmod=755 in place of a later chmod",
  );
});

Deno.test("advice: copied, then chown and chmod", () => {
  assertEquals(
    adviceFor(["ADD a /", plain], [
      "RUN x",
      file("a", 10, { mode: 0o500, uid: 65532, gid: 65532 }),
    ]),
    "Use ADD --chmod=500 --chown=65532:65532 in place of a later chmod and chown",
  );
});

Deno.test("advice: copied, then touched", () => {
  assertEquals(
    adviceFor(["COPY a /", plain], ["RUN touch /a", { ...plain, mtime: 5 }]),
    "Write it once: drop what touches it after the COPY",
  );
});

Deno.test("advice: made by RUN, then chown", () => {
  assertEquals(
    adviceFor(["RUN make", plain], ["RUN chown", file("a", 10, { uid: 7 })]),
    "Run chown in the same RUN that writes it",
  );
});

Deno.test("advice: made by RUN, then deleted", () => {
  assertEquals(
    adviceFor(["RUN apt-get update", plain], ["RUN rm /a", whiteout("a")]),
    "Delete it in the same RUN that writes it",
  );
});

Deno.test("advice: copied, then deleted", () => {
  assertEquals(
    adviceFor(["COPY a.tgz /", plain], ["RUN rm /a", whiteout("a")]),
    "Leave it out of the COPY, or read it with RUN --mount=type=bind",
  );
  assertEquals(
    adviceFor(["COPY --from=build /x /", plain], ["RUN rm /a", whiteout("a")]),
    "Copy only what is needed from the other stage, or delete it there",
  );
});

Deno.test("advice: copied twice, or moved", () => {
  assertEquals(
    adviceFor(["COPY . /", plain], ["COPY a /", { ...plain, mtime: 5 }]),
    "Copy it once: leave it out of the first COPY",
  );
  const tested = image([
    layer("FROM", file("base", 1)),
    layer("COPY . /", plain),
    layer("RUN mv /a /b", whiteout("a"), { ...plain, path: "b" }),
  ]);
  assertEquals(
    waste(tested, rootfs(tested)).wasted[0].advice,
    "Write it to where it is moved to at once: moving it copies it whole",
  );
});

Deno.test("advice: written twice", () => {
  const other = file("a", 11);
  assertEquals(
    adviceFor(["COPY . /", plain], ["COPY a /", other]),
    "Copy it once: leave it out of the first COPY",
  );
  assertEquals(
    adviceFor(["COPY . /", plain], ["RUN sed -i s/a/b/ /a", other]),
    "Change it before the COPY, in an earlier stage or in the context",
  );
  assertEquals(
    adviceFor(["RUN x", plain], ["RUN y", other]),
    "Join the two RUN instructions, or write it in the last one only",
  );
});

Deno.test("advice: a base image's own files", () => {
  for (
    const [after, expected] of [
      [
        whiteout("a"),
        "Start from a base image without it: deleting it later frees nothing",
      ],
      [
        file("a", 11),
        "Start from a base image that has it right, or change it less often",
      ],
      [
        file("a", 10, { mode: 0o600 }),
        "Leave the base image's file as it is: chmod copies it whole",
      ],
    ] as const
  ) {
    const tested = image([
      layer("ADD file:1234 in /", plain),
      layer("RUN x", after),
    ]);
    assertEquals(waste(tested, rootfs(tested)).wasted[0].advice, expected);
  }
});
