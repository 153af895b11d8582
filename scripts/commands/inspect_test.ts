import { inspectDocument } from "./inspect.ts";
import type { Variant } from "../report/report_schema.ts";
import { writeTerminal } from "../report/terminal.ts";
import { minimalVariant } from "../../testing/report.ts";
import { hostileReport } from "../../testing/report_hostile.ts";
import { singleStage } from "../../testing/report_variants.ts";
import { textWidth } from "../report/text_width.ts";
import { makeDockerArchive } from "../../testing/archive.ts";
import { folder } from "../../testing/folder.ts";
import { runCommand } from "../../testing/run_command.ts";
import { EXIT, UserError } from "../lib/errors.ts";
import { variantSchema } from "../report/report_schema.ts";
import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";

const ARCHIVE = makeDockerArchive({
  layers: [[{ path: "app", content: "one" }], [
    { path: "etc\x1b[31m", content: "x" },
  ]],
  config: { User: "65532" },
});

Deno.test("inspect shows an archive, and nothing that controls a terminal", async () => {
  await using here = await folder({ "a.tar": ARCHIVE });
  const { code, stdout } = await runCommand("inspect", `${here.path}/a.tar`);
  assertEquals(code, EXIT.ok);
  assertStringIncludes(stdout, "65532");
  assert(!stdout.includes("\x1b"), "control characters are shown");
});

Deno.test("inspect --json prints a variant of a report, alone", async () => {
  await using here = await folder({ "a.tar": ARCHIVE });
  const { stdout, notes } = await runCommand(
    ...["inspect", `${here.path}/a.tar`, "--json"],
  );
  const printed = JSON.parse(stdout);
  assertEquals(variantSchema.parse(printed), printed);
  const { sizeBytes, layers, wasteBytes } = printed;
  assertEquals([sizeBytes, layers.length, wasteBytes], [4, 2, 0]);
  assertEquals(notes, []);
});

Deno.test("inspect names an archive that is cut off, and a path that is none", async () => {
  await using here = await folder({ "cut.tar": ARCHIVE.subarray(0, 1500) });
  const problem = async (name: string) =>
    (await assertRejects(
      () => runCommand("inspect", `${here.path}/${name}`),
      UserError,
    )).message;
  assertStringIncludes(await problem("cut.tar"), "it is cut off");
  assertStringIncludes(await problem("none.tar"), "Cannot find the file");
});

const shown = (variant: Variant) =>
  writeTerminal(inspectDocument(variant), { columns: 80, color: false });

Deno.test("inspectDocument() tells all of one image", () => {
  assertEquals(shown(singleStage()), FULL);
});

Deno.test("inspectDocument() leaves out what an empty image does not have", () => {
  assertEquals(shown(minimalVariant()), MINIMAL);
});

Deno.test("inspectDocument() counts what it does not list", () => {
  const variant = singleStage();
  const [item] = variant.wasted;
  variant.wasted = Array.from({ length: 40 }, () => item);
  assert(shown(variant).includes("\n  and 15 more, all with --json\n"));
});

Deno.test("inspectDocument() fits, and lets nothing control the terminal", () => {
  for (const variant of [singleStage(), hostileReport().variants[0]]) {
    const text = shown(variant);
    assertEquals(text.match(/[^\n\P{C}]/u), null);
  }
  for (const line of FULL.split("\n")) assert(textWidth(line) <= 80, line);
});

const FULL = `image       localhost/single-stage
id          sha256:0000000000000000000000000000000000000000000000000000000000000
            00c
platform    linux/amd64
user        deno
command     ["/hello"]
ports       8080/tcp
env         DENO_USE_CGROUPS=1
size        427 MB in 6 layers
files       7954 with 421 MB
efficiency  98.5 %, 6 MB wasted
packages    apt 1.0-1, bash 1.0-1, dpkg 1.0-1, libc6 1.0-1

single-stage: 427 MB in 6 layers
  LAYER    SIZE   SHARE   PULL  NEXT DEPLOY  INSTRUCTION
  1      127 MB  29.7 %  48 MB  kept         ADD trixie.tar / in /
  2      208 MB  48.7 %  78 MB  kept         COPY deno denort /usr/bin/
  3         0 B     0 %   32 B  kept         WORKDIR /app
  4      200 kB  <0.1 %  60 kB  again        COPY . .
  5       86 MB  20.1 %  34 MB  again        RUN deno compile main.ts
  6        6 MB   1.4 %   2 MB  again        RUN chmod +x /app/hello

What fills it
    BYTES   SHARE  PATH
   332 MB  78.9 %  usr/
   231 MB  54.9 %    bin/
   126 MB    30 %      deno
  81.4 MB  19.3 %      denort
  23.2 MB   5.5 %      other (210)
    64 MB  15.2 %    lib/x86_64-linux-gnu
    37 MB   8.8 %    share
  88.2 MB    21 %  app/
    82 MB  19.5 %    hello
  81.4 MB  19.3 %      Deno runtime
   600 kB   0.1 %      your code
     6 MB   1.4 %    assets.bin
   200 kB  <0.1 %    other (11)
   800 kB   0.2 %  other (5)

single-stage wastes 6 MB
  BYTES  PATH, AND WHAT TO CHANGE
   6 MB  /app/assets.bin
         copied again for its mode, owner or time by layer 6 (RUN chmod +x
         /app/hello), written by layer 5
         Run chmod in the same RUN that writes it

single-stage: /app/hello is 81.4 MB (99.3 %) the Deno runtime 2.6.10 and 600 kB
(0.7 %) your code

In the binary of single-stage
   BYTES   SHARE  MODULE OR PACKAGE
  590 kB   0.7 %  npm:zod@4.6.7
  4.2 kB  <0.1 %  file:///main.ts

What an intruder finds
  WHAT                  SINGLE-STAGE
  User                  deno
  Shells                /bin/bash, /bin/dash, /bin/sh
  Package managers      /usr/bin/apt, /usr/bin/apt-get, /usr/bin/dpkg
  setuid files          /usr/bin/chfn, /usr/bin/passwd, /usr/bin/su
  setgid files          /usr/bin/chage
  World-writable paths  /deno-dir/tmp
  Egress                any host
  Debian packages       4
  CA certificates       yes
  Time zones            yes
  Loader                /lib64/ld-linux-x86-64.so.2
  Libraries             libc.so.6, libgcc_s.so.1, libm.so.6
  Missing libraries     none

SKIP  64 to 128 MB memory: buildah cannot limit memory here
`;

const MINIMAL = `image       empty
id          sha256:eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee
            eee
platform    linux/amd64
user        root
size        0 B in no layers
files       0 with 0 B
efficiency  100 %, 0 B wasted

Nothing is wasted in empty: no layer replaces or deletes a file of another.

What an intruder finds
  WHAT                  EMPTY
  User                  root
  Shells                none
  Package managers      none
  setuid files          none
  setgid files          none
  World-writable paths  none
  Debian packages       0
  CA certificates       no
  Time zones            no
`;
