import { assert, assertEquals } from "@std/assert";
import { inspectTerminal } from "./inspect_terminal.ts";
import { minimalVariant } from "../../testing/report.ts";
import { hostileReport } from "../../testing/report_hostile.ts";
import { singleStage } from "../../testing/report_variants.ts";
import { textWidth } from "./text_width.ts";

const EIGHTY = { columns: 80, color: false };

Deno.test("inspectTerminal() tells all of one image", () => {
  assertEquals(inspectTerminal(singleStage(), EIGHTY), FULL);
});

Deno.test("inspectTerminal() leaves out what an empty image does not have", () => {
  assertEquals(inspectTerminal(minimalVariant(), EIGHTY), MINIMAL);
});

Deno.test("inspectTerminal() counts what it does not list", () => {
  const variant = singleStage();
  const [item] = variant.wasted;
  variant.wasted = Array.from({ length: 40 }, () => item);
  assert(inspectTerminal(variant, EIGHTY).includes("\n  and 25 more\n"));
});

Deno.test("inspectTerminal() fits, and lets nothing control the terminal", () => {
  for (const variant of [singleStage(), hostileReport().variants[0]]) {
    const text = inspectTerminal(variant, EIGHTY);
    assertEquals(text.match(/[^\n\P{C}]/u), null);
  }
  for (const line of FULL.split("\n")) assert(textWidth(line) <= 80, line);
});

const FULL = `image       localhost/single-stage
id          sha256:0000000000000000000000000000000000000000000000000000000000000
            00c
platform    linux/amd64
user        deno
command     ["/hello"]
ports       8080/tcp
env         DENO_USE_CGROUPS=1
files       7954 with 421 MB
efficiency  98.5 %, 6 MB wasted

single-stage  427 MB in 6 layers
    SIZE   SHARE   PULL  NEXT DEPLOY  INSTRUCTION
  127 MB  29.7 %  48 MB  kept         ADD trixie.tar / in /
  208 MB  48.7 %  78 MB  kept         COPY deno denort /usr/bin/
     0 B     0 %   32 B  kept         WORKDIR /app
  200 kB  <0.1 %  60 kB  again        COPY . .
   86 MB  20.1 %  34 MB  again        RUN deno compile main.ts
    6 MB   1.4 %   2 MB  again        RUN chmod +x /app/hello

What fills it
    BYTES   SHARE  PATH
   332 MB  78.9 %  usr/
   231 MB  54.9 %    bin/
   126 MB    30 %      deno
  81.4 MB  19.3 %      denort
  23.2 MB   5.5 %      other (210)
    64 MB  15.2 %    lib/x86_64-linux-gnu
    37 MB   8.8 %    share
  88.2 MB    21 %  app/
    82 MB  19.5 %    hello
  81.4 MB  19.3 %      Deno runtime
   600 kB   0.1 %      your code
     6 MB   1.4 %    assets.bin
   200 kB  <0.1 %    other (11)
   800 kB   0.2 %  other (5)

Waste, and what to change
      6 MB  /app/assets.bin
            copied again for its mode, owner or time by layer 6 (RUN chmod +x
            /app/hello), written by layer 5
            Run chmod in the same RUN that writes it

What is in /app/hello
    BYTES   SHARE  PART
  81.4 MB  99.3 %  Deno runtime 2.6.10
   600 kB   0.7 %  your code
   590 kB   0.7 %    npm:zod@4.6.7
   4.2 kB  <0.1 %    file:///main.ts

What an intruder finds
  User                  deno
  Shells                /bin/bash, /bin/dash, /bin/sh
  Package managers      /usr/bin/apt, /usr/bin/apt-get, /usr/bin/dpkg
  setuid files          /usr/bin/chfn, /usr/bin/passwd, /usr/bin/su
  setgid files          /usr/bin/chage
  World-writable paths  /deno-dir/tmp
  Egress                any host
  Debian packages       4
  CA certificates       yes
  Time zones            yes
  Loader                /lib64/ld-linux-x86-64.so.2
  Libraries             libc.so.6, libgcc_s.so.1, libm.so.6
  Missing libraries     none
  Packages              apt 1.0-1, bash 1.0-1, dpkg 1.0-1, libc6 1.0-1
`;

const MINIMAL = `image       empty
id          sha256:eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee
            eee
platform    linux/amd64
user        root
files       0 with 0 B
efficiency  100 %, 0 B wasted

empty  0 B in 0 layers

What an intruder finds
  User                  root
  Shells                none
  Package managers      none
  setuid files          none
  setgid files          none
  World-writable paths  none
  Debian packages       0
  CA certificates       no
  Time zones            no
`;
