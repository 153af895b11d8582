import {
  emptyReport,
  failedReport,
  fixtureReport,
  minimalVariant,
} from "../../testing/report.ts";
import { HOSTILE, hostileReport } from "../../testing/report_hostile.ts";
import { coded, named, table } from "./document.ts";
import type { Report } from "./report_schema.ts";
import { terminal, writeTerminal } from "./terminal.ts";
import { textWidth } from "./text_width.ts";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";

const plain = (report: Report, columns = 80) =>
  terminal(report, { columns, color: false });

Deno.test("terminal() fits 80 columns", () => {
  assertEquals(plain(fixtureReport()), EIGHTY);
});

Deno.test("terminal() uses the room of a wider terminal", () => {
  // Only the comparison is laid out anew.
  const [origin, first, second] = plain(fixtureReport(), 128).split("\n\n");
  assertEquals([origin, first, second].join("\n\n"), WIDE);
});

Deno.test("terminal() has one table where there is room for all", () => {
  const [, first, second] = plain(fixtureReport(), 240).split("\n\n");
  assert(first.includes("SIZE") && first.includes("SURFACE"), first);
  assert(second.startsWith("scratch is the smallest"), second);
});

Deno.test("terminal() has no line that is wider than the terminal", () => {
  for (const columns of [80, 100, 120, 200]) {
    for (const line of plain(fixtureReport(), columns).split("\n")) {
      // A command that is broken into lines could not be pasted.
      const isCommand = /^(run|push) /.test(line);
      assert(isCommand || textWidth(line) <= columns, line);
      assertEquals(line, line.trimEnd());
    }
  }
});

Deno.test("terminal() leaves out what was not measured", () => {
  const report = { ...emptyReport(), variants: [minimalVariant()] };
  assertEquals(plain(report), MINIMAL);
});

Deno.test("terminal() shows a dash where only some were measured", () => {
  const report = fixtureReport();
  delete report.variants[0].nextDeployBytes;
  const line = plain(report).split("\n\n")[2].split("\n")[1];
  assertEquals(
    line,
    "single-stage   162 MB            –  212 ms    80 ms  61.2 MB             –",
  );
});

Deno.test("terminal() tells builds that failed, with their output", () => {
  assertEquals(plain(failedReport()), FAILED);
  assertEquals(plain(emptyReport()), "No image was built\n");
});

Deno.test("terminal() tells why something was not measured", () => {
  const report = fixtureReport();
  for (const variant of report.variants) variant.notes = ["memory: no /proc"];
  report.variants[2].notes?.push("next deploy: the build failed");
  const text = plain(report);
  assertStringIncludes(text, "\nNOTE  memory: no /proc\n");
  assertStringIncludes(
    text,
    "\nNOTE  scratch: next deploy: the build failed\n",
  );
});

Deno.test("terminal() tells what has no place in an image, with its layer", () => {
  const report = fixtureReport();
  const secret = { kind: "environment file", layer: 1 } as const;
  for (const variant of report.variants) {
    variant.secrets = [{ ...secret, path: "/app/.env" }];
  }
  report.variants[0].secrets?.push({
    ...secret,
    path: "/a/.env",
    deletedBy: 2,
  });
  report.variants[0].surface.broken = ["/hello: it is cut"];
  const { name } = report.variants[0];
  const text = terminal(report, { columns: 120, color: false });
  for (
    const line of [
      "FOUND  /app/.env (environment file, layer 2)",
      `FOUND  ${name}: /a/.env (environment file, layer 2, deleted by layer 3 and still there)`,
      `FOUND  ${name}: /hello: it is cut`,
    ]
  ) assertEquals(text.split(`\n${line}\n`).length, 2, line);
});

Deno.test("terminal() lets nothing from an image control the terminal", () => {
  const text = plain(hostileReport());
  assertEquals(text.match(/[^\n\P{C}]/u), null);
  assertStringIncludes(text, "\\x1b[31m\\x00");
});

Deno.test("terminal() colours only when told to", () => {
  const colored = terminal(fixtureReport(), { columns: 80, color: true });
  // deno-lint-ignore no-control-regex -- colours are what is looked for
  assertEquals(colored.replace(/\x1b\[\d+m/g, ""), EIGHTY);
  assertStringIncludes(colored, "\x1b[31m3/4\x1b[39m");
  assertStringIncludes(colored, "\x1b[32m4/4\x1b[39m");
});

Deno.test("terminal() sums up layers beyond the largest 25", () => {
  const report = fixtureReport();
  const [layer] = report.variants[2].layers;
  report.variants[2].layers = Array.from(
    { length: 50 },
    (_, index) => ({ ...layer, sizeBytes: index, instruction: `L${index}` }),
  );
  const text = plain(report);
  assertStringIncludes(text, "  and 25 more, all with --json\n");
  assert(!text.includes(" L24\n") && text.includes(" L25\n"));
  // Where many are as small as the smallest that is shown, too.
  report.variants[2].layers.forEach((layer, index) =>
    layer.sizeBytes = Number(index > 45)
  );
  assertStringIncludes(plain(report), " L46\n");
});

Deno.test("terminal() shortens names that would make columns too wide", () => {
  const report = fixtureReport();
  report.variants[2].name = "registry.example/team/a-long-name/service:scratch";
  const [, first] = plain(report).split("\n\n");
  assertStringIncludes(first, "registry.examp…ervice:scratch");
  report.variants[2].name = HOSTILE;
  report.baseline = HOSTILE;
  assertStringIncludes(plain(report), "VS BASELINE");
});

Deno.test("writeTerminal() shortens code and breaks sentences where a table is too wide", () => {
  const path = `/${"long/".repeat(20)}end`;
  const blocks = table("Found", [path], [
    ["Path", coded],
    [
      "Why",
      () => [named("a sentence that is longer than there is room for it")],
    ],
    ["Bytes", () => "1 B", "right"],
  ]);
  assertEquals(
    writeTerminal([blocks], { columns: 60, color: false }),
    NARROW,
  );
});

const NARROW = `Found
  PATH                      WHY                       BYTES
  /long/long/…ong/long/end  a sentence that is          1 B
                            longer than there is
                            room for it
`;

const EIGHTY = `Measured with buildah 1.28.2, Deno 2.6.10, bases from packages:
localhost/builder:trixie and localhost/runtime:trixie

VARIANT          SIZE  VS SINGLE-STAGE  LAYERS  USER   CONTRACT
single-stage   427 MB  1.0×                  6  deno   4/4
multi-stage    122 MB  3.5× smaller          2  65532  4/4
scratch       95.4 MB  4.5× smaller          1  65532  3/4

VARIANT          PULL  NEXT DEPLOY   START  PROCESS   MEMORY  MEMORY FLOOR
single-stage   162 MB      36.1 MB  212 ms    80 ms  61.2 MB             –
multi-stage   47.6 MB      32.6 MB  186 ms    73 ms  60.1 MB             –
scratch       37.1 MB      37.1 MB  179 ms    71 ms  59.8 MB         80 MB

VARIANT       EFFICIENCY  CHECKS  SURFACE
single-stage      98.5 %  2/2     3 shells, 3 package managers, 4 setuid/setgid,
                                  1 world-writable, 4 packages
multi-stage        100 %  2/2     3 packages
scratch            100 %  2/2     none

scratch is the smallest: 95.4 MB, 4.5× smaller than single-stage

scratch breaks its contract; the smallest that holds it is multi-stage with 122
MB.
85.3 % of scratch (81.4 MB) is the Deno runtime, 0.6 % your code.

single-stage: 427 MB in 6 layers
  LAYER    SIZE   SHARE   PULL  NEXT DEPLOY  INSTRUCTION
  1      127 MB  29.7 %  48 MB  kept         ADD trixie.tar / in /
  2      208 MB  48.7 %  78 MB  kept         COPY deno denort /usr/bin/
  3         0 B     0 %   32 B  kept         WORKDIR /app
  4      200 kB  <0.1 %  60 kB  again        COPY . .
  5       86 MB  20.1 %  34 MB  again        RUN deno compile main.ts
  6        6 MB   1.4 %   2 MB  again        RUN chmod +x /app/hello

multi-stage: 122 MB in 2 layers
  LAYER   SIZE   SHARE     PULL  NEXT DEPLOY  INSTRUCTION
  1      40 MB  32.8 %    15 MB  kept         ADD runtime.tar / in /
  2      82 MB  67.2 %  32.6 MB  again        COPY --from=build /hello /hello

scratch: 95.4 MB in 1 layer
  LAYER     SIZE  SHARE     PULL  NEXT DEPLOY  INSTRUCTION
  1      95.4 MB  100 %  37.1 MB  again        COPY /rootfs /

scratch since the earlier report
  WHAT            CHANGE
  Size            94.1 MB → 95.4 MB (+1.3 MB, +1.4 %)
  COPY /rootfs /  94.1 MB → 95.4 MB (+1.3 MB, +1.4 %)
  /hello          80.7 MB → 82 MB (+1.3 MB, +1.6 %)
  npm:zod@4.6.7   new, 610 kB

SKIP  64 to 128 MB memory: buildah cannot limit memory here

FAIL  scratch, contract: HEAD /
      status: expected 200, got 404
FAIL  multi-stage, budget: size is 122 MB, the limit is 120 MB

CHECKS  17 of 18 hold (3 skipped): contract 11/12, restrictions 6
BUDGET  2 of 3 hold (1 skipped)

IMAGES  localhost/single-stage
        localhost/multi-stage
        localhost/scratch
run   c=$(buildah from localhost/multi-stage); buildah run --isolation chroot $c /hello; buildah rm $c
push  buildah push localhost/multi-stage docker://registry.example/multi-stage

FAILED: 1 of 18 checks: scratch: HEAD /: status: expected 200, got 404; 1 of 3
limits: multi-stage size 122 MB > 120 MB
`;

const WIDE =
  `Measured with buildah 1.28.2, Deno 2.6.10, bases from packages: localhost/builder:trixie and localhost/runtime:trixie

VARIANT          SIZE  VS SINGLE-STAGE  LAYERS  USER   CONTRACT     PULL  NEXT DEPLOY   START  PROCESS   MEMORY  MEMORY FLOOR
single-stage   427 MB  1.0×                  6  deno   4/4        162 MB      36.1 MB  212 ms    80 ms  61.2 MB             –
multi-stage    122 MB  3.5× smaller          2  65532  4/4       47.6 MB      32.6 MB  186 ms    73 ms  60.1 MB             –
scratch       95.4 MB  4.5× smaller          1  65532  3/4       37.1 MB      37.1 MB  179 ms    71 ms  59.8 MB         80 MB

VARIANT       EFFICIENCY  CHECKS  SURFACE
single-stage      98.5 %  2/2     3 shells, 3 package managers, 4 setuid/setgid, 1 world-writable, 4 packages
multi-stage        100 %  2/2     3 packages
scratch            100 %  2/2     none`;

const MINIMAL = `VARIANT  SIZE  LAYERS  USER  EFFICIENCY  SURFACE
empty     0 B       0  root       100 %  none

empty: 0 B
`;

const FAILED = `No image could be built

FAIL  scratch could not be built
      Cannot build "Dockerfile.scratch": step 4 of 7 exited with 1
      STEP 4/7: RUN deno compile main.ts
      error: Module not found

FAILED: 1 of 1 build: scratch: step 4 of 7 exited with 1
`;
