/**
 * What the Dockerfiles have in common, read as text: no engine needed.
 *
 * @module
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  type Instruction,
  parseDockerfile,
} from "../scripts/dockerfile/parse_dockerfile.ts";

const project = `${import.meta.dirname}/..`;
const names = [
  "Dockerfile",
  "Dockerfile.multistage",
  "Dockerfile.scratch",
  "Dockerfile.layered",
];
const texts = new Map<string, string>();
for (const name of names) {
  texts.set(name, await Deno.readTextFile(`${project}/${name}`));
}

/** The instructions of a Dockerfile, each on a line of single blanks. */
function instructions(text: string): string[] {
  const { args, stages } = parseDockerfile(text);
  return [
    ...args.map(line),
    ...stages.flatMap(({ name, base, platform, instructions }) => [
      `FROM ${platform && `--platform=${platform} `}${base}${
        name && ` AS ${name}`
      }`,
      ...instructions.map(line),
    ]),
  ];
}

function line({ keyword, flags, text }: Instruction): string {
  const options = [...flags].map(([name, value]) => `--${name}=${value}`);
  return [keyword, ...options, text].join(" ").replace(/\s+/g, " ");
}

/** The instructions of the last stage, or all of them when there is only one. */
function lastStage(text: string): string[] {
  const all = instructions(text);
  return all.slice(all.findLastIndex((line) => line.startsWith("FROM ")));
}

Deno.test("the Dockerfiles are the same up to the end of the compile", () => {
  const builds = [...texts.values()].map((text) => {
    const all = instructions(text);
    const end = all.findIndex((line) => /^RUN .*\bdeno compile /.test(line));
    assert(end > 0);
    return all.slice(0, end + 1);
  });
  for (const build of builds) assertEquals(build, builds[0]);
});

Deno.test("they compile on the build machine's architecture, for the target's", () => {
  for (const text of texts.values()) {
    const [from, ...rest] = instructions(text)
      .filter((line) => line.startsWith("FROM "));
    assertMatch(from, /^FROM --platform=\$BUILDPLATFORM /);
    // Whatever stage comes next is the target's, or goes on from this one.
    for (const line of rest) {
      assertEquals(
        line.includes("--platform=$TARGETPLATFORM "),
        line.includes("RUNTIME_IMAGE"),
      );
      assertEquals(line.includes("BUILDPLATFORM"), false);
    }
    const [compile] = instructions(text)
      .filter((line) => /^RUN .*\bdeno compile /.test(line));
    assertMatch(compile, / --target \$\(echo \$\{TARGETARCH\} /);
  }
});

for (const [name, text] of texts) {
  Deno.test(`${name} needs no frontend and no shell to start or be checked`, () => {
    assertEquals(/^#\s*syntax=/im.test(text), false);
    const stage = lastStage(text);
    assert(stage.includes('ENTRYPOINT ["/hello"]'));
    assertEquals(stage.some((line) => line.startsWith("CMD")), false);
    const [check] = stage.filter((line) => line.startsWith("HEALTHCHECK"));
    assertMatch(check, / CMD \["\/hello", "healthcheck"\]$/);
  });

  Deno.test(`${name} says who runs it, where, and how it stops`, () => {
    const stage = lastStage(text);
    assert(stage.includes("EXPOSE 8080"));
    assert(stage.includes("STOPSIGNAL SIGTERM"));
    const user = name === "Dockerfile" ? "1993:1993" : "65532:65532";
    assertEquals(stage.filter((line) => line.startsWith("USER")), [
      `USER ${user}`,
    ]);
    const [label] = stage.filter((line) => line.startsWith("LABEL"));
    for (const key of ["title", "description", "licenses"]) {
      assertMatch(label, new RegExp(`org.opencontainers.image.${key}="[^"]+"`));
    }
  });

  Deno.test(`${name} takes other bases and flags, and pins public ones`, () => {
    assertEquals(
      instructions(text).filter((line) => /^ARG \w+=/.test(line)),
      [
        "ARG BUILDER_IMAGE=denoland/deno:debian-2.9.7",
        "ARG RUNTIME_IMAGE=gcr.io/distroless/cc-debian13:nonroot",
        "ARG DENO_FLAGS=--frozen",
        "ARG JS_ENGINE=",
      ],
    );
  });
}

Deno.test(".dockerignore lets in what is copied, and nothing else", async () => {
  const rules = (await Deno.readTextFile(`${project}/.dockerignore`))
    .split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  assertEquals(rules[0], "*");
  const copied = new Set<string>();
  for (const text of texts.values()) {
    for (const line of instructions(text)) {
      if (!line.startsWith("COPY ") || line.includes("--from")) continue;
      for (const source of line.split(" ").slice(1, -1)) copied.add(source);
    }
  }
  assertEquals(
    rules.slice(1).toSorted(),
    [...copied].map((source) => `!${source}`).toSorted(),
  );
});
