/*
 * The file that split.ts puts in front of a payload, but for its instructions:
 * ELF header, segments, dynamic section, texts. launcher_x86_64.s and
 * launcher_aarch64.s include it. Every byte is written out here, none is left to
 * a linker's version:
 *
 *   as -o launcher.o launcher_x86_64.s
 *   objcopy -O binary -j .text launcher.o launcher
 *
 * The file is used twice. Started as a program, with no libc, it executes the
 * runtime with itself in LD_PRELOAD. Preloaded there, it takes itself out of
 * LD_PRELOAD and answers the two questions by which Deno finds its payload:
 * readlink("/proc/self/exe") up to 2.8, dl_iterate_phdr() since 2.9.
 */

/* Offsets in the file are addresses; what is written to is mapped again at DATA. */
        .set    DATA, 0x10000
        .set    PATH_BYTES, 4096

        .set    PT_NULL, 0
        .set    PT_LOAD, 1
        .set    PT_DYNAMIC, 2
        .set    PT_NOTE, 4
        .set    PT_GNU_STACK, 0x6474e551

        .macro  segment type, flags, offset, address, bytes, memory, align
        .long   \type, \flags
        .quad   \offset, \address, \address, \bytes, \memory, \align
        .endm

        .macro  symbol name, info, section, value
        .long   \name - names
        .byte   \info, 0
        .short  \section
        .quad   \value, 0
        .endm

head:
        .byte   0x7f, 'E', 'L', 'F', 2, 1, 1, 0
        .quad   0
        .short  3, MACHINE              /* ET_DYN */
        .long   1
        .quad   start - head, segments - head, 0
        .long   0
        .short  64, 56, (segments_end - segments) / 56, 64, 0, 0

segments:
        segment PT_LOAD, 5, 0, 0, end-head, end-head, PAGE
        segment PT_LOAD, 6, data-head, DATA+data-head, data_end-data, data_end-data+PATH_BYTES, PAGE
        segment PT_DYNAMIC, 6, data-head, DATA+data-head, dynamic_end-data, dynamic_end-data, 8
        segment PT_GNU_STACK, 6, 0, 0, 0, 0, 16
        /* For a payload that is a note, split.ts makes these PT_LOAD and PT_NOTE. */
        segment PT_NULL, 4, 0, 0, 0, 0, PAGE
note:   segment PT_NULL, 4, 0, 0, 0, 0, 4
segments_end:

        .balign 8
data:
        .quad   4, hashes - head        /* DT_HASH */
        .quad   5, names - head         /* DT_STRTAB */
        .quad   6, symbols - head       /* DT_SYMTAB */
        .quad   10, names_end - names   /* DT_STRSZ */
        .quad   11, 24                  /* DT_SYMENT */
        .quad   7, relocations - head   /* DT_RELA */
        .quad   8, relocations_end - relocations
        .quad   9, 24                   /* DT_RELAENT */
        .quad   12, init - head         /* DT_INIT */
        .quad   0, 0
dynamic_end:
libc_readlinkat:        .quad 0
libc_dlsym:             .quad 0
/* The next dl_iterate_phdr, once it was asked for; every thread finds the same. */
next:                   .quad 0
data_end:

/* Behind what the file has of DATA: where this program is, empty until init. */
        .set    self, data_end + DATA

symbols:
        .quad   0, 0, 0
        symbol  name_dl_iterate_phdr, 0x12, 1, dl_iterate_phdr-head
        symbol  name_readlink, 0x12, 1, readlink-head
        symbol  name_readlinkat, 0x12, 0, 0
        symbol  name_dlsym, 0x12, 0, 0

relocations:
        .quad   DATA + (libc_readlinkat - head), 3 << 32 | GLOB_DAT, 0
        .quad   DATA + (libc_dlsym - head), 4 << 32 | GLOB_DAT, 0
relocations_end:

hashes: /* one bucket, with the two symbols that are defined */
        .long   1, 5, 1, 0, 2, 0, 0, 0

names:                  .byte 0
name_dl_iterate_phdr:   .asciz "dl_iterate_phdr"
name_readlink:          .asciz "readlink"
name_readlinkat:        .asciz "readlinkat"
name_dlsym:             .asciz "dlsym"
names_end:

preload:        .ascii "LD_PRELOAD="
        .set    PRELOAD_BYTES, 11
proc:           .asciz "/proc/self/exe"
        .set    PROC_BYTES, 15
cannot:         .asciz "Cannot execute "
errno:          .asciz ": error "
lost:           .ascii "Cannot find this program: mount /proc, or start it by an absolute path\n"
        .set    LOST_BYTES, . - lost
odd:            .ascii "Cannot start a program with a space or a colon in its path\n"
        .set    ODD_BYTES, . - odd
/* Where the runtime is; split.ts may write another path here. */
runtime:        .asciz "/denort"
        .zero   120
        .balign 8
