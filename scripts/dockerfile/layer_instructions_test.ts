import { assertEquals } from "@std/assert";
import { layerInstructions } from "./layer_instructions.ts";
import { parseDockerfile } from "./parse_dockerfile.ts";

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
