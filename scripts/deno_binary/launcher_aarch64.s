/* The launcher's instructions for arm64. What it is for: launcher.s. */
        .set    MACHINE, 183
        .set    GLOB_DAT, 1025
        .set    PAGE, 0x10000
        .include "launcher.s"

        .set    SYS_WRITE, 64
        .set    SYS_READLINKAT, 78
        .set    SYS_EXIT_GROUP, 94
        .set    SYS_PRCTL, 167
        .set    SYS_EXECVE, 221
        .set    AT_FDCWD, -100

/*
 * The program. The stack has argc, argv, 0, the environment, 0, the auxiliary
 * vector. The environment is edited in place: the kernel makes the runtime a new
 * auxiliary vector, so that the first word of this one may be written over.
 *   x19 the stack as it was, x20 environment, x21 the next variable, x22 where the
 *   next one is kept, x23 the old LD_PRELOAD, x24 the new LD_PRELOAD
 */
start:
        mov     x19, sp
        ldr     x0, [x19]
        add     x20, x19, x0, lsl #3
        add     x20, x20, #16
        mov     x21, x20
        mov     x22, x20
        adr     x23, names              /* an empty text */
1:      ldr     x0, [x21], #8           /* keep all but LD_PRELOAD */
        cbz     x0, 3f
        mov     x24, x0
        bl      is_preload
        b.eq    2f
        str     x24, [x22], #8
        b       1b
2:      mov     x23, x0
        b       1b

3:      mov     x0, x23                 /* room for LD_PRELOAD=self:old */
4:      ldrb    w1, [x0], #1
        cbnz    w1, 4b
        sub     x0, x0, x23
        mov     x1, sp
        sub     x1, x1, x0
        sub     x1, x1, #PATH_BYTES
        sub     x1, x1, #64
        and     sp, x1, #-16
        mov     x24, sp
        mov     x1, x24
        bl      put_preload

        mov     x25, x1                 /* the path is from here */
        mov     x0, #AT_FDCWD
        adr     x1, proc
        mov     x2, x25
        mov     x3, #PATH_BYTES - 1
        mov     x8, #SYS_READLINKAT
        svc     #0
        cmp     x0, #0
        b.le    5f
        strb    wzr, [x25, x0]
        b       7f

5:      ldp     x2, x0, [x21], #16      /* no /proc: what execve was given */
        cbz     x2, lost_itself
        cmp     x2, #31                 /* AT_EXECFN */
        b.ne    5b
        ldrb    w2, [x0]
        cmp     w2, #'/'
        b.ne    lost_itself
        mov     x1, x25
        bl      append

7:      ldrb    w0, [x25], #1           /* LD_PRELOAD cannot hold every path */
        cmp     w0, #' '
        b.eq    odd_path
        cmp     w0, #':'
        b.eq    odd_path
        cbnz    w0, 7b

        ldrb    w0, [x23]
        cbz     w0, 9f
        mov     w0, #':'
        strb    w0, [x25, #-1]
        mov     x1, x25
        mov     x0, x23
        bl      append

9:      stp     x24, xzr, [x22]
        adr     x0, runtime
        add     x1, x19, #8
        mov     x2, x20
        mov     x8, #SYS_EXECVE
        svc     #0

        neg     x25, x0                 /* "Cannot execute /denort: error 2\n" */
        mov     x1, x24
        adr     x0, cannot
        bl      append
        adr     x0, runtime
        bl      append
        adr     x0, errno
        bl      append
        mov     x2, #10
        add     x0, x24, #512
        strh    w2, [x0]                /* the end of the line is 10, too */
1:      udiv    x3, x25, x2
        msub    x4, x3, x2, x25
        add     w4, w4, #'0'
        strb    w4, [x0, #-1]!
        mov     x25, x3
        cbnz    x25, 1b
        bl      append
        sub     x2, x1, x24
        mov     x1, x24
fail:   mov     x0, #2
        mov     x8, #SYS_WRITE
        svc     #0
        mov     x0, #127
        mov     x8, #SYS_EXIT_GROUP
        svc     #0

lost_itself:
        adr     x1, lost
        mov     x2, #LOST_BYTES
        b       fail
odd_path:
        adr     x1, odd
        mov     x2, #ODD_BYTES
        b       fail

/* Whether the text at x0 starts with LD_PRELOAD=; x0 goes behind it. */
is_preload:
        adr     x2, preload
        mov     w3, #PRELOAD_BYTES
1:      ldrb    w1, [x2], #1
        ldrb    w4, [x0], #1
        cmp     w1, w4
        b.ne    2f
        subs    w3, w3, #1
        b.ne    1b
2:      ret

/* Writes LD_PRELOAD= to x1, which goes behind it. */
put_preload:
        adr     x3, preload
        ldr     x4, [x3]
        ldr     w5, [x3, #PRELOAD_BYTES - 4]
        str     x4, [x1]
        str     w5, [x1, #PRELOAD_BYTES - 4]
        add     x1, x1, #PRELOAD_BYTES
        ret

/* Copies the text at x0 to x1, which goes to its end. */
append: ldrb    w2, [x0], #1
        strb    w2, [x1], #1
        cbnz    w2, append
        sub     x1, x1, #1
        ret

/*
 * From here on in the runtime's process, by the ABI of C.
 *
 * init(argc, argv, environment): the loader calls it before main. It keeps the
 * program's path, and takes it out of LD_PRELOAD again, so that nothing that the
 * service starts sees it.
 */
init:   mov     x9, x30
        mov     x6, x2
1:      ldr     x0, [x6]
        cbz     x0, 9f
        bl      is_preload
        b.eq    2f
        add     x6, x6, #8
        b       1b
2:      adr     x1, self
        mov     x7, x1                  /* the name: behind the last slash */
        mov     w3, #PATH_BYTES - 1
3:      ldrb    w2, [x0], #1
        cmp     w2, #':'
        b.eq    4f
        cbz     w2, 4f
        strb    w2, [x1], #1
        cmp     w2, #'/'
        csel    x7, x1, x7, eq
        subs    w3, w3, #1
        b.ne    3b
4:      strb    wzr, [x1]
        cmp     w2, #':'
        b.eq    6f
5:      ldr     x0, [x6, #8]            /* nothing else was in it */
        str     x0, [x6], #8
        cbnz    x0, 5b
        b       7f
6:      sub     x1, x0, #PRELOAD_BYTES  /* what was in it before is in it again */
        str     x1, [x6]
        bl      put_preload
7:      mov     x1, x7                  /* the process is named like the program */
        mov     x0, #15                 /* PR_SET_NAME */
        mov     x8, #SYS_PRCTL
        svc     #0
9:      ret     x9

/* readlink(path, buffer, bytes) */
readlink:
        adr     x3, self
        ldrb    w4, [x3]
        cbz     w4, 3f
        mov     x4, x0
        adr     x5, proc
1:      ldrb    w6, [x4], #1
        ldrb    w7, [x5], #1
        cmp     w6, w7
        b.ne    3f
        cbnz    w6, 1b
        mov     x0, #0
2:      cmp     x0, x2                  /* as much as there is room for */
        b.eq    4f
        ldrb    w4, [x3, x0]
        cbz     w4, 4f
        strb    w4, [x1, x0]
        add     x0, x0, #1
        b       2b
3:      mov     x3, x2
        mov     x2, x1
        mov     x1, x0
        mov     x0, #AT_FDCWD
        adr     x4, libc_readlinkat + DATA
        ldr     x4, [x4]
        br      x4
4:      ret

/* dl_iterate_phdr(callback, data): the payload's segments first */
dl_iterate_phdr:
        stp     x29, x30, [sp, #-48]!
        mov     x29, sp
        stp     x0, x1, [sp, #16]
        str     xzr, [sp, #32]          /* whether the payload was shown */
        adr     x8, next + DATA
        ldr     x9, [x8]
        cbnz    x9, 1f
        mov     x0, #-1                 /* RTLD_NEXT */
        adr     x1, name_dl_iterate_phdr
        adr     x8, libc_dlsym + DATA
        ldr     x8, [x8]
        blr     x8
        adr     x8, next + DATA
        str     x0, [x8]
        mov     x9, x0
1:      ldr     w8, note
        cmp     w8, #PT_NOTE
        b.eq    2f
        ldp     x0, x1, [sp, #16]
        ldp     x29, x30, [sp], #48
        br      x9
2:      adr     x0, visit
        add     x1, sp, #16
        blr     x9
        ldp     x29, x30, [sp], #48
        ret

/* visit(info, bytes, state): shows the callback each object once */
visit:  stp     x29, x30, [sp, #-112]!
        mov     x29, sp
        stp     x19, x20, [sp, #16]
        str     x21, [sp, #32]
        mov     x19, x0
        mov     x20, x2
        mov     x21, x1
        ldr     x0, [x20, #16]
        cbnz    x0, 1f
        str     x20, [x20, #16]
        adr     x0, head                /* dlpi_addr */
        ldr     x1, [x19, #8]           /* no name, as the program's */
        stp     x0, x1, [sp, #48]
        ldrh    w2, [x0, #56]           /* dlpi_phnum */
        adr     x1, segments            /* dlpi_phdr */
        stp     x1, x2, [sp, #64]
        ldp     x0, x1, [x19, #32]      /* dlpi_adds, dlpi_subs */
        stp     x0, x1, [sp, #80]
        stp     xzr, xzr, [sp, #96]     /* no thread-local storage */
        add     x0, sp, #48
        mov     x1, #64
        ldp     x3, x2, [x20]
        blr     x3
        cbnz    w0, 2f
1:      ldr     x1, [x19]
        adr     x2, head
        mov     x0, #0
        cmp     x1, x2
        b.eq    2f
        mov     x0, x19
        mov     x1, x21
        ldp     x3, x2, [x20]
        blr     x3
2:      ldr     x21, [sp, #32]
        ldp     x19, x20, [sp, #16]
        ldp     x29, x30, [sp], #112
        ret
        .balign 8
end:
