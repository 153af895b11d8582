import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { code, markdown } from "./markdown.ts";
import {
  emptyReport,
  failedReport,
  fixtureReport,
  minimalVariant,
} from "../../testing/report.ts";
import { hostileReport } from "../../testing/report_hostile.ts";

Deno.test("markdown() shows the comparison and what needs attention", () => {
  const [shown] = markdown(fixtureReport()).split("<details>");
  assertEquals(shown, SHOWN);
});

Deno.test("markdown() folds the details, each with an empty line around", () => {
  const text = markdown(fixtureReport());
  assertEquals(
    [...text.matchAll(/^<summary>(.*)<\/summary>\n\n/gm)].map(([, title]) =>
      title
    ),
    [
      "Layers",
      "Waste, and what to change",
      "Start",
      "Memory",
      "What is in the binary",
      "Surface",
      "Budget",
    ],
  );
  assertEquals(text.match(/<details>/g)?.length, 7);
  assertEquals(text.match(/\n\n<\/details>/g)?.length, 7);
});

Deno.test("markdown() tells a program that all variants ship once", () => {
  assertStringIncludes(markdown(fixtureReport()), BINARY);
});

Deno.test("markdown() tells builds that failed", () => {
  assertEquals(markdown(failedReport()), FAILED);
  assertEquals(markdown(emptyReport()), "### No image was built\n");
});

Deno.test("markdown() leaves out what was not measured", () => {
  const report = { ...emptyReport(), variants: [minimalVariant()] };
  const text = markdown(report);
  assertEquals(text.match(/Pull|Contract|Start|Memory|NaN|undefined/g), null);
});

Deno.test("code() holds whatever it is given", () => {
  assertEquals(
    [
      code("plain"),
      code("a`b"),
      code("``"),
      code(" a "),
      code(""),
      code("a\nb"),
      code("x".repeat(20), 5),
    ],
    [
      "`plain`",
      "``a`b``",
      "``` `` ```",
      "`  a  `",
      "–",
      "`a\\nb`",
      "`xxxx…`",
    ],
  );
});

Deno.test("markdown() keeps hostile names in code", () => {
  const text = markdown(hostileReport());
  // What is left without fences and code spans is ours.
  const ours = text
    .replace(/^(`{3,})text\n[^]*?^\1$/gm, "")
    .replace(/(`+)(?!`)[^]*?[^`]\1(?!`)/g, "");
  assertEquals(ours.match(/script|everyone|alert/), null);
  assertEquals(text.match(/[^\n\P{C}]/u), null);
  assertStringIncludes(text, "alert(1)");
});

Deno.test("markdown() keeps the columns of its tables", () => {
  const rows = markdown(hostileReport()).split("\n").filter((line) =>
    line.startsWith("|")
  );
  let columns = 0;
  for (const [index, row] of rows.entries()) {
    const found = row.match(/(?<!\\)\|/g)?.length ?? 0;
    if (/^\| :?-/.test(rows[index + 1] ?? "")) columns = found;
    assertEquals(found, columns, row);
  }
});

Deno.test("markdown() fits a comment, and says what is left out", () => {
  const report = fixtureReport();
  const [variant] = report.variants;
  report.variants = Array.from({ length: 60 }, (_, index) => ({
    ...variant,
    name: `variant-${index}`,
    layers: Array.from({ length: 100 }, () => variant.layers[0]),
  }));
  const text = markdown(report);
  assert(text.length < 65_536, String(text.length));
  assertStringIncludes(text, "are in `report.json` and `index.html`._\n");
});

Deno.test("markdown() gives a command as a whole", () => {
  const report = fixtureReport();
  const path = `/${"x".repeat(200)}`;
  report.surroundings = { writable: [path] };
  assertStringIncludes(markdown(report), `destination=${path} $c /hello;`);
});

const SHOWN =
  `### \`scratch\` is the smallest: 95.4 MB, 4.5× smaller than \`single-stage\`

❌ \`FAILED: 1 of 18 checks: scratch: HEAD /: status: expected 200, got 404; 1 of 3 limits: multi-stage size 122 MB > 120 MB\`

- images: \`localhost/single-stage\`<br>\`localhost/multi-stage\`<br>\`localhost/scratch\`
- run: \`c=$(buildah from localhost/multi-stage); buildah run --isolation chroot $c /hello; buildah rm $c\`
- push: \`buildah push localhost/multi-stage docker://registry.example/multi-stage\`

\`scratch\` breaks its contract; the smallest that holds it is \`multi-stage\` with 122 MB.<br>85.3 % of \`scratch\` (81.4 MB) is the Deno runtime, 0.6 % your code.

| Variant        |    Size | vs \`single-stage\` | Layers | User    | Contract |
| :------------- | ------: | :---------------- | -----: | :------ | :------- |
| \`single-stage\` |  427 MB | 1.0×              |      6 | \`deno\`  | ✅ 4/4    |
| \`multi-stage\`  |  122 MB | 3.5× smaller      |      2 | \`65532\` | ✅ 4/4    |
| **\`scratch\`**  | 95.4 MB | 4.5× smaller      |      1 | \`65532\` | ❌ 3/4    |

| Variant        |    Pull | Next deploy |  Start | Process |  Memory | Memory floor |
| :------------- | ------: | ----------: | -----: | ------: | ------: | -----------: |
| \`single-stage\` |  162 MB |     36.1 MB | 212 ms |   80 ms | 61.2 MB |            – |
| \`multi-stage\`  | 47.6 MB |     32.6 MB | 186 ms |   73 ms | 60.1 MB |            – |
| **\`scratch\`**  | 37.1 MB |     37.1 MB | 179 ms |   71 ms | 59.8 MB |        80 MB |

| Variant        | Efficiency | Checks | Surface                                                                       |
| :------------- | ---------: | :----- | :---------------------------------------------------------------------------- |
| \`single-stage\` |     98.5 % | ✅ 2/2  | \`3 shells, 3 package managers, 4 setuid/setgid, 1 world-writable, 4 packages\` |
| \`multi-stage\`  |      100 % | ✅ 2/2  | \`3 packages\`                                                                  |
| **\`scratch\`**  |      100 % | ✅ 2/2  | none                                                                          |

Measured with \`buildah 1.28.2\`, Deno \`2.6.10\`, bases from packages: \`localhost/builder:trixie\` and \`localhost/runtime:trixie\`

- ❌ **\`scratch\`**, contract: \`HEAD /\` – \`status: expected 200, got 404\`
- ❌ **\`multi-stage\`**, budget: \`size\` is 122 MB, the limit is 120 MB

- ⏭️ skipped: \`64 to 128 MB memory\`: \`buildah cannot limit memory here\`

**\`scratch\` since the earlier report**

| What             | Change                              |
| :--------------- | :---------------------------------- |
| Size             | 94.1 MB → 95.4 MB (+1.3 MB, +1.4 %) |
| \`COPY /rootfs /\` | 94.1 MB → 95.4 MB (+1.3 MB, +1.4 %) |
| \`/hello\`         | 80.7 MB → 82 MB (+1.3 MB, +1.6 %)   |
| \`npm:zod@4.6.7\`  | new, 610 kB                         |

`;

const BINARY =
  `\`single-stage\`, \`multi-stage\`, \`scratch\`: \`/app/hello\` is 81.4 MB (99.3 %) the Deno runtime \`2.6.10\` and 600 kB (0.7 %) your code

**In the binary of \`single-stage\`, \`multi-stage\`, \`scratch\`**

|  Bytes |  Share | Module or package |
| -----: | -----: | :---------------- |
| 590 kB |  0.7 % | \`npm:zod@4.6.7\`   |
| 4.2 kB | <0.1 % | \`file:///main.ts\` |`;

const FAILED = `### No image could be built

❌ \`FAILED: 1 of 1 build: scratch: step 4 of 7 exited with 1\`

- ❌ **\`scratch\`** could not be built

\`\`\`text
Cannot build "Dockerfile.scratch": step 4 of 7 exited with 1
STEP 4/7: RUN deno compile main.ts
error: Module not found
\`\`\`
`;
