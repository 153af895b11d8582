import { assertEquals } from "@std/assert";
import {
  argDefaults as defaultsOf,
  argNames,
  lastStages,
  layerInstructions,
  misspeltStage,
  needsBuildKit,
  parseDockerfile,
  parseDockerignore,
  testStages,
} from "./parse_dockerfile.ts";

const argDefaults = (text: string) => defaultsOf(parseDockerfile(text));
const keywords = (text: string) =>
  parseDockerfile(`FROM x\n${text}`).stages[0].instructions
    .map(({ keyword }) => keyword);

Deno.test("argDefaults() reads several arguments of one instruction", () => {
  assertEquals(argDefaults("ARG A=1 B=2 C\narg D=4"), {
    A: "1",
    B: "2",
    D: "4",
  });
});

Deno.test("argDefaults() removes quotes and keeps what they hold", () => {
  assertEquals(argDefaults(`ARG A="x y" B='$A' C=a\\ b D="say \\"hi\\"" E=`), {
    A: "x y",
    B: "$A",
    C: "a b",
    D: 'say "hi"',
    E: "",
  });
});

Deno.test("argDefaults() joins continued lines, comments between them included", () => {
  const text = "ARG \\\n  # a note\n  A=1 \\\n\n  B=2\nFROM scratch\n";
  assertEquals(argDefaults(text), { A: "1", B: "2" });
});

Deno.test("argDefaults() honours the escape directive and CRLF", () => {
  const lines = "# escape=`\r\nARG A=1 `\r\n  B=2\r\n";
  assertEquals(argDefaults(lines), { A: "1", B: "2" });
  assertEquals(argDefaults(`# check=skip=all\r\n${lines}`), { A: "1", B: "2" });
  // After anything else it is a comment.
  assertEquals(argDefaults(`# a note\r\n${lines}`), { A: "1" });
});

Deno.test("argDefaults() ignores comments and here-documents", () => {
  const text = [
    "# ARG A=comment",
    "FROM scratch",
    "RUN <<EOF",
    "ARG A=script",
    "EOF",
    "ARG B=real # not a comment in a Dockerfile",
  ].join("\n");
  assertEquals(argDefaults(text), { B: "real" });
});

Deno.test("argDefaults() lets arguments before FROM win, the last one first", () => {
  const text = "ARG A=old\nARG A=new\nFROM ${A}\nARG A\nARG A=stage\nARG B=b";
  assertEquals(argDefaults(text), { A: "new", B: "b" });
});

Deno.test("argDefaults() replaces references to earlier arguments", () => {
  const text = "ARG V=1.2\nARG I=a/b:$V-${V}-${N:-none}${V:+!}${N:+?}\\$V";
  assertEquals(argDefaults(text), { V: "1.2", I: "a/b:1.2-1.2-none!$V" });
});

Deno.test("parseDockerfile() reads what a FROM says, on however many lines", () => {
  const text = [
    "ARG V=1",
    "from --platform=$BUILDPLATFORM deno:${V} as Build",
    "COPY --from=x --chown=1:1 a b ./",
    "FROM \\",
    "  # why",
    "  build \\",
    "  AS run-test-stage",
  ].join("\n");
  const { args, stages } = parseDockerfile(text);
  assertEquals(args.map((arg) => arg.text), ["V=1"]);
  assertEquals(
    stages.map(({ name, base, image, platform }) => [
      ...[name, base, image, platform],
    ]),
    [
      ["Build", "deno:${V}", "deno:1", "$BUILDPLATFORM"],
      ["run-test-stage", "build", "build", ""],
    ],
  );
  const [copy] = stages[0].instructions;
  assertEquals([copy.keyword, copy.text], ["COPY", "a b ./"]);
  assertEquals([...copy.flags], [["from", "x"], ["chown", "1:1"]]);
  assertEquals(testStages(parseDockerfile(text)), ["run-test-stage"]);
});

Deno.test("parseDockerfile() tells the exec form from a line for the shell", () => {
  const { stages } = parseDockerfile(
    'FROM x\nCMD [ "deno", "run" ]\nCMD [ -f x ]\nCMD ["a", 1]\nCMD deno run',
  );
  assertEquals(stages[0].instructions.map(({ exec }) => exec), [
    ["deno", "run"],
    ...[undefined, undefined, undefined],
  ]);
});

Deno.test("parseDockerfile() takes here-documents as BuildKit does", () => {
  const { stages } = parseDockerfile([
    "FROM x",
    'RUN <<-"EOF" cat && <<B cat \\',
    "  && ls",
    "\tFROM y",
    "\tEOF",
    "FROM z",
    "B",
    "COPY <<a <<b /x/",
    "1",
    "a",
    "2",
    "b",
    'RUN echo "<<EOF" && echo $((1<<2))',
    "LABEL a=<<EOF",
    "USER 1",
  ].join("\n"));
  assertEquals(stages.length, 1);
  assertEquals(
    stages[0].instructions.map(({ keyword, heredocs }) => [keyword, heredocs]),
    [
      ["RUN", ["FROM y", "FROM z"]],
      ["COPY", ["1", "2"]],
      ["RUN", []],
      ["LABEL", []],
      ["USER", []],
    ],
  );
});

Deno.test("parseDockerfile(): blanks after the escape, and an escaped escape", () => {
  assertEquals(keywords("RUN a \\  \n  USER b\nUSER c"), ["RUN", "USER"]);
  assertEquals(keywords("RUN a \\\\\nUSER c"), ["RUN", "USER"]);
  assertEquals(keywords("RUN a \\"), ["RUN"]);
});

Deno.test("argNames() lists arguments with a default or without, once", () => {
  const text = "ARG A=1 B\nFROM x\nARG A\nARG \\\n  C=2\n# ARG D";
  assertEquals(argNames(parseDockerfile(text)), ["A", "B", "C"]);
});

Deno.test("testStages() finds the stages that are named after tests", () => {
  const text = `FROM a AS build-stage
from build-stage as run-test-stage
FROM b AS test
FROM c AS latest
FROM --platform=$BUILDPLATFORM d \\
  AS e2e.tests
# FROM x AS test-in-a-comment
FROM e`;
  assertEquals(testStages(parseDockerfile(text)), [
    "run-test-stage",
    "test",
    "e2e.tests",
  ]);
});

Deno.test("lastStages() follows names, also those that an argument holds", () => {
  const images = (text: string) =>
    lastStages(parseDockerfile(text)).map(({ base }) => base);
  const text = "ARG BASE=b\nFROM a AS b\nFROM x\nFROM ${BASE} AS c\nFROM C";
  assertEquals(images(text), ["C", "${BASE}", "a"]);
  // A name that only comes later is an image's.
  assertEquals(images("FROM b AS b"), ["b"]);
  assertEquals(images(""), []);
});

Deno.test("needsBuildKit() names what the legacy builder cannot build", () => {
  const needs = (text: string) => needsBuildKit(parseDockerfile(text));
  assertEquals(
    needs("FROM a\nCOPY --from=b --chown=1 x y\nRUN make"),
    undefined,
  );
  assertEquals(needs("FROM --platform=linux/amd64 a"), undefined);
  assertEquals(
    needs("FROM --platform=${BUILDPLATFORM} a"),
    "FROM --platform=${BUILDPLATFORM}",
  );
  assertEquals(
    needs("FROM a\nRUN --mount=type=cache,target=/x make"),
    "RUN --mount",
  );
  assertEquals(needs("FROM a\nCOPY --link x y"), "COPY --link");
  assertEquals(needs("FROM a\nRUN <<EOF\nmake\nEOF"), "RUN <<");
});

const BASE = "ADD file:3d983bcb68e1 in /";

function shown(dockerfile: string, history: string[]): string[] {
  return layerInstructions(history, parseDockerfile(dockerfile));
}

Deno.test("layerInstructions() goes on into the stage that the last goes on from", () => {
  const dockerfile = `ARG BASE=x
FROM \${BASE} AS build
WORKDIR /app
# The sources.
COPY a.ts \\
  b.ts ./
RUN make
FROM other AS unused
COPY z /z
FROM build
COPY --from=unused --chown=1:1 /z /z
ENV A=1
`;
  assertEquals(
    shown(dockerfile, [
      BASE,
      "COPY multi:e788b0757e6f in ./",
      "RUN make",
      "COPY file:7a908678d8a0 in /z",
    ]),
    [
      BASE,
      "COPY a.ts b.ts ./",
      "RUN make",
      "COPY --from=unused --chown=1:1 /z /z",
    ],
  );
});

Deno.test("layerInstructions() takes lists and references", () => {
  assertEquals(
    shown('FROM x\nCOPY ["a b", "/to here"]\nCOPY c ${HOME}/c', [
      BASE,
      "COPY file:1a2b in /to here",
      "COPY file:3c4d in /root/c",
    ]),
    [BASE, 'COPY ["a b", "/to here"]', "COPY c ${HOME}/c"],
  );
});

Deno.test("layerInstructions() leaves what does not agree, and all below it", () => {
  const history = [
    "COPY file:0a0a in /x",
    "COPY file:1b1b in /elsewhere",
    "COPY file:2c2c in /y",
  ];
  assertEquals(shown("FROM x\nCOPY x /x\nCOPY e /e\nCOPY y /y", history), [
    ...history.slice(0, 2),
    "COPY y /y",
  ]);
  assertEquals(shown("FROM x\nRUN make", [BASE]), [BASE]);
  assertEquals(shown("FROM x", [BASE]), [BASE]);
  assertEquals(shown("FROM x\nCOPY y /y", [BASE, ""]), [BASE, ""]);
});

Deno.test("layerInstructions() leaves names as they are", () => {
  const history = [BASE, "COPY /rootfs/ /"];
  assertEquals(shown("FROM x\nCOPY --from=a /rootfs/ /", history), history);
});

Deno.test("misspeltStage() finds what is meant, and leaves images alone", () => {
  const of = (from: string) =>
    misspeltStage(parseDockerfile(
      `FROM a AS rootfs-stage\nFROM scratch\nCOPY --from=${from} / /`,
    ));
  assertEquals(of("rotfs-stage"), {
    name: "rotfs-stage",
    meant: "rootfs-stage",
  });
  for (
    const right of [
      "rootfs-stage",
      "ROOTFS-stage",
      "0",
      "busybox",
      "a/rootfs-stage",
      "rotfs-stage:1",
    ]
  ) {
    assertEquals(of(right), undefined, right);
  }
});

function kept(text: string, paths: string[]): string[] {
  const ignores = parseDockerignore(text);
  return paths.filter((path) => !ignores(path));
}

const PATHS = [
  ".git/config",
  "README.md",
  "docs/a.md",
  "docs/deep/b.md",
  "main.ts",
  "main_test.ts",
];

Deno.test("parseDockerignore() of nothing keeps all", () => {
  assertEquals(kept("", PATHS), PATHS);
  assertEquals(kept("# *\n\n", PATHS), PATHS);
});

Deno.test("parseDockerignore() denies all, then allows", () => {
  assertEquals(kept("*\n!main.ts\n!docs\n", PATHS), [
    "docs/a.md",
    "docs/deep/b.md",
    "main.ts",
  ]);
});

Deno.test("parseDockerignore(): the last pattern that matches decides", () => {
  assertEquals(kept("docs\n!docs/deep\ndocs/deep/b.md", PATHS), [
    ".git/config",
    "README.md",
    "main.ts",
    "main_test.ts",
  ]);
});

Deno.test("parseDockerignore(): stars, and where a pattern begins", () => {
  assertEquals(kept("*.md", PATHS).includes("docs/a.md"), true);
  assertEquals(kept("**/*.md", PATHS), [
    ".git/config",
    "main.ts",
    "main_test.ts",
  ]);
  assertEquals(kept("docs/*/b.md\n/.git/\n./README.md", PATHS), [
    "docs/a.md",
    "main.ts",
    "main_test.ts",
  ]);
  assertEquals(
    kept("main?test.ts\nmain.t[rs]", PATHS).includes("main.ts"),
    false,
  );
  assertEquals(kept("main+ts\nmain", PATHS), PATHS);
});
