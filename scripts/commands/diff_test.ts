import { diffDocument } from "./diff.ts";
import { type ImageDiff, imageDiffSchema } from "../inspect/diff_images.ts";
import { writeTerminal } from "../report/terminal.ts";
import { fixtureDiff, sameDiff } from "../../testing/report_diff.ts";
import { textWidth } from "../report/text_width.ts";
import { makeDockerArchive } from "../../testing/archive.ts";
import { folder } from "../../testing/folder.ts";
import { runCommand } from "../../testing/run_command.ts";
import { EXIT } from "../lib/errors.ts";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";

const archive = (content: string) =>
  makeDockerArchive({ layers: [[{ path: "app", content }]] });

Deno.test("diff shows what differs, and ends with 1 when told to", async () => {
  await using here = await folder({
    "a.tar": archive("one"),
    "b.tar": archive("three"),
  });
  const diff = (before: string, after: string, ...args: string[]) =>
    runCommand(
      ...["diff", `${here.path}/${before}`, `${here.path}/${after}`, ...args],
    );
  assertEquals((await diff("a.tar", "a.tar", "--exit-code")).code, EXIT.ok);
  assertEquals((await diff("a.tar", "b.tar")).code, EXIT.ok);
  const coded = await diff("a.tar", "b.tar", "--exit-code");
  assertEquals(coded.code, EXIT.checkFailed);
  assertStringIncludes(coded.stdout, "app");
  const { paths } = JSON.parse((await diff("a.tar", "b.tar", "--json")).stdout);
  assertEquals(paths.map(({ path }: { path: string }) => path), ["/app"]);
});

const shown = (diff: ImageDiff) =>
  writeTerminal(diffDocument(diff), { columns: 80, color: false });

Deno.test("the fixtures are what the schema says", () => {
  assertEquals(imageDiffSchema.parse(fixtureDiff()), fixtureDiff());
  assertEquals(imageDiffSchema.parse(sameDiff()), sameDiff());
});

Deno.test("diffDocument() tells sums, layers, folders, paths and values", () => {
  assertEquals(shown(fixtureDiff()), DIFFERENT);
});

Deno.test("diffDocument() says when nothing differs", () => {
  assertEquals(shown(sameDiff()), SAME);
});

Deno.test("diffDocument() counts what it does not list, and fits", () => {
  const diff = fixtureDiff();
  diff.paths = Array.from({ length: 1000 }, (_, index) => ({
    ...diff.paths[0],
    path: `/${"long/".repeat(40)}${index}`,
  }));
  const text = shown(diff);
  assert(text.includes("\n  and 980 more, all with --json\n"));
  for (const line of text.split("\n")) assert(textWidth(line) <= 80, line);
});

const DIFFERENT = `        IMAGE      SIZE  FILES  PLATFORM
before  hello:1    3 MB      3  amd64
after   hello:2  4.5 MB      3  amd64

size +1.5 MB, 1.5× larger; files +1.5 MB
1 added, 1 removed, 2 changed
1 of 2 layers are shared; 3.5 MB in new ones have to be transferred

Layers
       SIZE  INSTRUCTION
  -    2 MB  (not in the history)
  +  3.5 MB  COPY app /app

Folders
    BYTES  PATHS     FOLDER
  +2.5 MB  +1 ~1     /app
  +1.5 MB  +1 −1 ~2  /

Paths
       BYTES  PATH            WHAT
  +    +2 MB  /app/new.js
  -    −1 MB  /old\\x1b[2J.js
  ~  +500 kB  /app/main.js    content, mode 644 → 755
  ~     ±0 B  /etc/link       owner 0:0 → 1000:0, link → b

Configuration
     NAME      BEFORE  AFTER
  ~  user      root    65532
  +  env LANG  –       C.UTF-8

Packages
     NAME   BEFORE  AFTER
  ~  libc6  2.41-1  2.41-2
`;

const SAME = `        IMAGE    SIZE  FILES  PLATFORM
before  hello:1  3 MB      3  amd64
after   hello:1  3 MB      3  amd64

No difference
`;
