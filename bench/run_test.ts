import { assertEquals } from "@std/assert";
import { stepTimes } from "./run.ts";

Deno.test("stepTimes() adds up steps of a kind", () => {
  const found = stepTimes(`Engine: 80 ms
Bases: packages: Debian trixie, Deno 2.6.10
Bases: 1 min 2.5 s
Build a: 1.5 s
note:  something
Build b: 500 ms
Check a: 5 s
Check the stop of a: 3 s
Read a: failed after 3 s
Reports: report/index.html
`);
  assertEquals([...found], [
    ["engine and bases", 62_580],
    ["builds", 2000],
    ["checks that ask a running image", 5000],
    ["stops, under load and idle", 3000],
  ]);
});
