import { assert, assertEquals } from "@std/assert";
import { parseStat, parseStatus, readTree } from "./read_process.ts";

const STATUS = `Name:\thello
Umask:\t0022
State:\tS (sleeping)
VmPeak:\t 1234567 kB
VmSize:\t 1034567 kB
VmHWM:\t   62500 kB
VmRSS:\t   50000 kB
RssAnon:\t   20000 kB
Threads:\t12
`;

Deno.test("parseStatus() reads resident memory and its peak, in bytes", () => {
  assertEquals(parseStatus(STATUS), {
    rssBytes: 51_200_000,
    peakBytes: 64_000_000,
  });
});

Deno.test("parseStatus() of a process without memory", () => {
  assertEquals(parseStatus("Name:\tkthreadd\nThreads:\t1\n"), undefined);
  assertEquals(parseStatus(""), undefined);
});

Deno.test("parseStat() counts the fields from the end of the name", () => {
  const rest = "S 41 42 42 0 -1 4194560 100 0 5 0 250 31 7 9 20 0 12 0 99 0";
  assertEquals(parseStat(`42 (hello) ${rest}\n`), 281);
  assertEquals(parseStat(`42 (a) b (c) 1 2) ${rest}\n`), 281);
});

Deno.test("parseStat() of what is not such a line", () => {
  assertEquals(parseStat(""), undefined);
  assertEquals(parseStat("42 hello S 41"), undefined);
  assertEquals(parseStat("42 (hello) S 41 1 2"), undefined);
});

Deno.test("readTree() finds the largest process below a wrapper", async () => {
  const command = new Deno.Command("sh", {
    // The shell waits, so it stays as the parent of what is larger than it; the
    // kernel counts CPU time in steps of 10 ms.
    args: [
      "-c",
      `"${Deno.execPath()}" eval 'const end = performance.now() + 100; while (performance.now() < end); console.log(1); await Deno.stdin.read(new Uint8Array(1))'; true`,
    ],
    stdin: "piped",
    stdout: "piped",
  });
  await using child = command.spawn();
  const reader = child.stdout.getReader();
  await reader.read();
  const found = await readTree(child.pid);
  assert(found !== undefined && found.pid !== child.pid);
  assert(found.rssBytes > 10e6 && found.cpuMs > 0);
  await child.stdin.close();
  await reader.cancel();
  await child.status;
  assertEquals(await readTree(child.pid), undefined);
});
