import { folder } from "../../testing/folder.ts";
import {
  emptyReport,
  failedReport,
  fixtureReport,
} from "../../testing/report.ts";
import { hostileReport } from "../../testing/report_hostile.ts";
import { EXIT, UserError } from "../lib/errors.ts";
import type { Report, Variant } from "./report_schema.ts";
import {
  cannotWrite,
  checkReports,
  checkWritable,
  json,
  junit,
  parseReport,
  writeFile,
  writeReports,
} from "./write_reports.ts";
import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { join } from "node:path";

/** A folder of our own, removed afterwards. */
async function inFolder(work: (folder: string) => Promise<void>) {
  const folder = await Deno.makeTempDir({ prefix: "deno-small-image-" });
  try {
    await work(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function names(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
}

Deno.test("writeReports() writes three files and leaves nothing else", () =>
  inFolder(async (folder) => {
    const out = join(folder, "a", "report");
    await writeReports(fixtureReport(), out);
    await writeReports(emptyReport(), out);
    assertEquals(names(out), ["index.html", "report.json", "report.md"]);
    const text = await Deno.readTextFile(join(out, "report.md"));
    assertEquals(text, "### No image was built\n", "the second run's");
  }));

Deno.test("writeReports() writes none of them when one cannot be made", () =>
  inFolder(async (folder) => {
    const broken = fixtureReport();
    broken.variants[0].sizeBytes = -1;
    await assertRejects(() => writeReports(broken, folder), Error);
    assertEquals(names(folder), []);
  }));

Deno.test("writeFile() fails with a next step and leaves nothing behind", () =>
  inFolder(async (folder) => {
    const file = join(folder, "file");
    await writeFile(file, "old");
    const under = await assertRejects(
      () => writeFile(join(file, "report.json"), "new"),
      UserError,
      "Cannot write",
    );
    assertEquals(under.exitCode, EXIT.environment);
    assertStringIncludes(under.next, "--out DIR");
    // A folder is in the way: the rename is what fails.
    await Deno.mkdir(join(folder, "taken", "full"), { recursive: true });
    await assertRejects(
      () => writeFile(join(folder, "taken"), "new"),
      UserError,
    );
    assertEquals(names(folder), ["file", "taken"]);
    assertEquals(await Deno.readTextFile(file), "old");
  }));

Deno.test("cannotWrite() tells a full disk from a read-only one", () => {
  const of = (message: string) => cannotWrite("out/x", new Error(message));
  const full = of("No space left on device (os error 28): writefile 'out/.x'");
  assertEquals(full.message, 'Cannot write "out/x": the disk is full');
  assertStringIncludes(full.next, "Free some space");
  const readOnly = of("Read-only file system (os error 30): mkdir 'out'");
  assertEquals(readOnly.message, 'Cannot write "out/x": it is read-only there');
  assert(!readOnly.next.includes("Free some space"));
});

Deno.test("json() is read back as it was", () => {
  for (
    const report of [
      fixtureReport(),
      failedReport(),
      emptyReport(),
      hostileReport(),
    ]
  ) assertEquals(parseReport(json(report), "report.json"), report);
});

Deno.test("json() has the schema's order of keys, whatever it is given", () => {
  const report = fixtureReport();
  const turned = Object.fromEntries(Object.entries(report).reverse());
  assertEquals(json(turned as typeof report), json(report));
  assertStringIncludes(
    json(report),
    '{\n  "schemaVersion": 1,\n  "createdAt": "2026-01-02T03:04:05.000Z",\n  "engine": {\n    "name"',
  );
  assertEquals(json(report).at(-1), "\n");
});

Deno.test("json() leaves out what was not measured", () => {
  const report = fixtureReport();
  report.variants[0].pullBytes = { gzip: 1, zstd: undefined };
  assertStringIncludes(json(report), '"pullBytes": {\n        "gzip": 1\n');
});

Deno.test("json() refuses what is not a report, which is a bug", () => {
  const report = fixtureReport();
  report.variants[0].efficiency = NaN;
  const error = assertThrows(() => json(report));
  assertEquals(error instanceof UserError, false);
});

Deno.test("parseReport() says where it is not a report", () => {
  const problem = (text: string) => {
    const error = assertThrows(() => parseReport(text, "old.json"), UserError);
    assertStringIncludes(error.next, "--write-baseline");
    return error.message;
  };
  const report = JSON.parse(json(fixtureReport()));
  assertStringIncludes(problem("{"), 'Cannot parse "old.json": ');
  assertStringIncludes(
    problem("{}"),
    'Cannot use "old.json": schemaVersion: expected 1, found nothing',
  );
  report.variants[1].layers[0].sizeBytes = -1;
  assertStringIncludes(
    problem(JSON.stringify(report)),
    'Cannot use "old.json": variants.1.layers.0.sizeBytes: expected number to be >=0, found -1',
  );
  assertStringIncludes(
    problem(JSON.stringify({ ...report, schemaVersion: 2 })),
    'Cannot use "old.json": schemaVersion: expected 1, found 2',
  );
});

Deno.test("checkWritable() leaves nothing behind, and what was there alone", async () => {
  await using place = await folder({ "there/a": "" });
  await checkWritable(`${place.path}/x/y/report.json`);
  await checkWritable(`${place.path}/there/report.json`);
  const left = Array.from(Deno.readDirSync(place.path), ({ name }) => name);
  assertEquals(left, ["there"]);
});

Deno.test("checkWritable() takes no folder away under another run", () =>
  inFolder(async (folder) => {
    const runs = Array.from({ length: 20 }, async (_, at) => {
      const file = `${folder}/report/${at}.json`;
      await checkWritable(file);
      await writeFile(file, "x");
    });
    await Promise.all(runs);
    assertEquals(names(`${folder}/report`).length, 20);
  }));

Deno.test("checkWritable() says what is in the way", () =>
  inFolder(async (folder) => {
    Deno.writeTextFileSync(`${folder}/file`, "");
    Deno.symlinkSync("nowhere", `${folder}/link`);
    const cases = {
      "file/x": "is no folder",
      "file/x/y": "is no folder",
      "link/x/y": "is a link to nothing",
      [`${"x".repeat(300)}/y`]: "Cannot write",
    };
    for (const [file, why] of Object.entries(cases)) {
      await assertRejects(
        () => checkWritable(`${folder}/${file}`),
        UserError,
        why,
      );
    }
  }));

Deno.test("checkReports() takes a folder of reports, not others' files", () =>
  inFolder(async (folder) => {
    await checkReports(`${folder}/new`);
    const all = [
      emptyReport(),
      failedReport(),
      fixtureReport(),
      hostileReport(),
    ];
    for (const report of all) {
      await writeReports(report, folder);
      await checkReports(folder);
    }
    const others = {
      "index.html": "<!DOCTYPE html><h1>Shop</h1>",
      "report.json": '{ "schemaVersion": "2.0" }',
      "report.md": "# Report",
    };
    for (const [name, text] of Object.entries(others)) {
      Deno.mkdirSync(`${folder}/${name}.d`);
      Deno.writeTextFileSync(`${folder}/${name}.d/${name}`, text);
      const error = await assertRejects(
        () => checkReports(`${folder}/${name}.d`),
        UserError,
        `${name}": it is not a report`,
      );
      assertStringIncludes(error.next, "--out DIR");
    }
  }));

const broken: Report = {
  schemaVersion: 1,
  createdAt: "2026-01-01T00:00:00Z",
  baseline: "scratch",
  variants: [{
    name: "scratch",
    contract: [
      { name: "GET /", status: "pass" },
      { name: "GET /health", status: "fail", detail: 'expected "a" & got <b>' },
    ],
    hardening: [{ name: "read-only", status: "skip", detail: "no" }],
  } as Variant],
  failures: [{
    name: "x",
    dockerfile: "Dockerfile.x",
    message: "Cannot build",
    output: "step",
  }],
  budgets: [{
    variant: "scratch",
    rule: "size",
    unit: "bytes",
    status: "fail",
    actual: 2_000_000,
    limit: 1_000_000,
  }],
};

Deno.test("junit() counts what failed and what was skipped", () => {
  const xml = junit(broken);
  assertStringIncludes(
    xml,
    '<testsuites tests="6" failures="3" errors="0" skipped="1">',
  );
  assertStringIncludes(
    xml,
    'message="expected &quot;a&quot; &amp; got &lt;b>"',
  );
  assertStringIncludes(xml, 'message="2 MB exceeds 1 MB"');
});

Deno.test("junit() names a suite for each kind of check", () => {
  const names = [...junit(broken).matchAll(/<testsuite name="([^"]+)"/g)].map((
    match,
  ) => match[1]);
  assertEquals(names, [
    "build",
    "scratch.contract",
    "scratch.hardening",
    "scratch.budget",
  ]);
});

Deno.test("junit() says of a fact what was expected", () => {
  const xml = junit({
    ...broken,
    budgets: [{
      variant: "scratch",
      rule: "noShell",
      unit: "fact",
      status: "fail",
      actual: false,
      limit: true,
      detail: "/bin/sh",
    }],
  });
  assertStringIncludes(xml, 'message="no, expected yes; /bin/sh"');
});

Deno.test("junit() escapes what XML and terminals obey", () => {
  const hostile = hostileReport();
  hostile.failures[0].output = "]]><evil/>";
  const xml = junit(hostile);
  assertEquals(xml.match(/<script|[^\x20-\x7e\n]/g), null);
  // The end of CDATA is broken in two.
  assertStringIncludes(xml, "]]]]><![CDATA[><evil/>");
  assertStringIncludes(xml, "\\x1b[31m");
});
