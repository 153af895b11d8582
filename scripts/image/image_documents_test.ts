import { assertEquals } from "@std/assert";
import { instruction } from "./image_documents.ts";

Deno.test("instruction() finds the line of the Dockerfile in what builders note", () => {
  const cases: [string, string][] = [
    ["", ""],
    ["COPY /app/hello /hello # buildkit", "COPY /app/hello /hello"],
    [
      "RUN /bin/sh -c apt-get update   && true # buildkit",
      "RUN apt-get update && true",
    ],
    ["RUN |2 A=1 B=x y /bin/sh -c make # buildkit", "RUN make"],
    ["RUN |1 A=1 /bin/ash -eo pipefail -c make", "RUN make"],
    ["RUN |1 A=1 /usr/bin/zsh -ec make", "RUN make"],
    ["RUN |2 A=1 B=2 /usr/bin/deno compile", "RUN /usr/bin/deno compile"],
    ["|1 A=1 /bin/sh -c make all", "RUN make all"],
    ["/bin/ash -eo pipefail -c #(nop)  ENV A=1", "ENV A=1"],
    ["/bin/sh -c #(nop)  USER nobody", "USER nobody"],
    ["/bin/sh -c #(nop) COPY file:abc in /hello ", "COPY file:abc in /hello"],
    [
      `/bin/sh -c #(nop) COPY file:${"0a".repeat(32)} in /hello `,
      "COPY file:0a0a0a0a0a0a in /hello",
    ],
    ["/bin/sh -c useradd deno", "RUN useradd deno"],
    ["/bin/bash -c set -e", "RUN set -e"],
    ["RUN /usr/bin/deno compile", "RUN /usr/bin/deno compile"],
    ["RUN /bin/sh -c cat <<EOF\n\tx\nEOF", "RUN cat <<EOF x EOF"],
    ["bazel build ...", "bazel build ..."],
  ];
  for (const [line, expected] of cases) {
    assertEquals(instruction(line), expected);
  }
});

Deno.test("instruction() takes time in step with a hostile line", () => {
  for (
    const part of ["/", "/sh ", "/sh -", "A=", "/sh a ", "|1 A=/bin/sh", "a/"]
  ) {
    const line = `RUN |1 A=${part.repeat(1_000_000 / part.length)}`;
    assertEquals(instruction(line).startsWith("RUN"), true);
  }
});
