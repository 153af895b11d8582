import { assertEquals } from "@std/assert";
import { argDefaults } from "./arg_defaults.ts";

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
