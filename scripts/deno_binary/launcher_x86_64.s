/* The launcher's instructions for amd64. What it is for: launcher.s. */
        .set    MACHINE, 62
        .set    GLOB_DAT, 6
        .set    PAGE, 0x1000
        .include "launcher.s"

        .set    SYS_WRITE, 1
        .set    SYS_EXECVE, 59
        .set    SYS_READLINK, 89
        .set    SYS_PRCTL, 157
        .set    SYS_EXIT_GROUP, 231

/*
 * The program. The stack has argc, argv, 0, the environment, 0, the auxiliary
 * vector. The environment is edited in place: the kernel makes the runtime a new
 * auxiliary vector, so that the first word of this one may be written over.
 *   rbp the stack as it was, rbx environment, r12 the old LD_PRELOAD, r13 where
 *   the next variable is kept, r14 the new LD_PRELOAD
 */
start:
        mov     %rsp, %rbp
        mov     (%rbp), %rax
        lea     16(%rbp,%rax,8), %rbx
        mov     %rbx, %rdx
        mov     %rbx, %r13
        lea     names(%rip), %r12        /* an empty text */
1:      mov     (%rdx), %rsi            /* keep all but LD_PRELOAD */
        add     $8, %rdx
        test    %rsi, %rsi
        jz      3f
        mov     %rsi, %rax
        call    is_preload
        je      2f
        mov     %rax, (%r13)
        add     $8, %r13
        jmp     1b
2:      mov     %rsi, %r12
        jmp     1b

3:      mov     %r12, %rdi              /* room for LD_PRELOAD=self:old */
        xor     %eax, %eax
        or      $-1, %rcx
        repne scasb
        sub     %r12, %rdi
        sub     %rdi, %rsp
        sub     $PATH_BYTES + 64, %rsp
        and     $-16, %rsp
        mov     %rsp, %r14
        mov     %r14, %rdi
        lea     preload(%rip), %rsi
        mov     $PRELOAD_BYTES, %ecx
        rep movsb

        push    %rdx
        push    %rdi
        mov     %rdi, %rsi
        lea     proc(%rip), %rdi
        mov     $PATH_BYTES - 1, %edx
        mov     $SYS_READLINK, %eax
        syscall
        pop     %rdi
        pop     %rdx
        test    %rax, %rax
        jle     4f
        lea     (%rdi,%rax), %rcx       /* the path is from rdi to rcx */
        movb    $0, (%rcx)
        jmp     7f

4:      mov     (%rdx), %rax            /* no /proc: what execve was given */
        test    %rax, %rax
        jz      lost_itself
        mov     8(%rdx), %rsi
        add     $16, %rdx
        cmp     $31, %rax               /* AT_EXECFN */
        jne     4b
        cmpb    $'/', (%rsi)
        jne     lost_itself
        push    %rdi
        mov     $PATH_BYTES, %ecx
5:      lodsb
        stosb
        test    %al, %al
        loopne  5b
        pop     %rdi

7:      mov     (%rdi), %al             /* LD_PRELOAD cannot hold every path */
        inc     %rdi
        cmp     $' ', %al
        je      odd_path
        cmp     $':', %al
        je      odd_path
        test    %al, %al
        jnz     7b

        cmpb    $0, (%r12)
        je      9f
        movb    $':', -1(%rdi)
        mov     %r12, %rsi
8:      lodsb
        stosb
        test    %al, %al
        jnz     8b

9:      mov     %r14, (%r13)
        movq    $0, 8(%r13)
        lea     runtime(%rip), %rdi
        lea     8(%rbp), %rsi
        mov     %rbx, %rdx
        mov     $SYS_EXECVE, %eax
        syscall

        mov     %eax, %r15d             /* "Cannot execute /denort: error 2\n" */
        mov     %r14, %rdi
        lea     cannot(%rip), %rsi
        call    append
        lea     runtime(%rip), %rsi
        call    append
        lea     errno(%rip), %rsi
        call    append
        mov     %r15d, %eax
        neg     %eax
        mov     $10, %ecx
        lea     512(%r14), %rsi
        movw    $'\n', (%rsi)
1:      xor     %edx, %edx
        div     %ecx
        add     $'0', %dl
        dec     %rsi
        mov     %dl, (%rsi)
        test    %eax, %eax
        jnz     1b
        call    append
        mov     %r14, %rsi
        mov     %rdi, %rdx
        sub     %rsi, %rdx
fail:   mov     $2, %edi
        mov     $SYS_WRITE, %eax
        syscall
        mov     $127, %edi
        mov     $SYS_EXIT_GROUP, %eax
        syscall

lost_itself:
        lea     lost(%rip), %rsi
        mov     $LOST_BYTES, %edx
        jmp     fail
odd_path:
        lea     odd(%rip), %rsi
        mov     $ODD_BYTES, %edx
        jmp     fail

/* Whether the text at rsi starts with LD_PRELOAD=; rsi goes behind it. */
is_preload:
        lea     preload(%rip), %rdi
        mov     $PRELOAD_BYTES, %ecx
        repe cmpsb
        ret

/* Copies the text at rsi to rdi, which goes to its end. */
append: lodsb
        stosb
        test    %al, %al
        jnz     append
        dec     %rdi
        ret

/*
 * From here on in the runtime's process, by the ABI of C.
 *
 * init(argc, argv, environment): the loader calls it before main. It keeps the
 * program's path, and takes it out of LD_PRELOAD again, so that nothing that the
 * service starts sees it.
 */
init:   mov     (%rdx), %rsi
        test    %rsi, %rsi
        jz      9f
        call    is_preload
        je      1f
        add     $8, %rdx
        jmp     init
1:      lea     self(%rip), %rdi
        mov     %rdi, %r8               /* the name: behind the last slash */
        mov     $PATH_BYTES - 1, %ecx
2:      lodsb
        cmp     $':', %al
        je      3f
        test    %al, %al
        je      3f
        stosb
        cmp     $'/', %al
        cmove   %rdi, %r8
        loop    2b
3:      movb    $0, (%rdi)
        cmp     $':', %al
        je      5f
4:      mov     8(%rdx), %rax           /* nothing else was in it */
        mov     %rax, (%rdx)
        add     $8, %rdx
        test    %rax, %rax
        jnz     4b
        jmp     6f
5:      sub     $PRELOAD_BYTES, %rsi    /* what was in it before is in it again */
        mov     %rsi, (%rdx)
        mov     %rsi, %rdi
        lea     preload(%rip), %rsi
        mov     $PRELOAD_BYTES, %ecx
        rep movsb
6:      mov     %r8, %rsi               /* the process is named like the program */
        mov     $15, %edi               /* PR_SET_NAME */
        mov     $SYS_PRCTL, %eax
        syscall
9:      ret

/* readlink(path, buffer, bytes) */
readlink:
        mov     %rdi, %r8
        mov     %rsi, %r9
        cmpb    $0, self(%rip)
        je      2f
        lea     proc(%rip), %rsi
        mov     $PROC_BYTES, %ecx
        repe cmpsb
        jne     2f
        mov     %r9, %rdi
        lea     self(%rip), %rsi
        xor     %ecx, %ecx
1:      cmp     %rdx, %rcx              /* as much as there is room for */
        je      3f
        lodsb
        test    %al, %al
        jz      3f
        stosb
        inc     %rcx
        jmp     1b
3:      mov     %rcx, %rax
        ret
2:      mov     %rdx, %rcx
        mov     %r9, %rdx
        mov     %r8, %rsi
        mov     $-100, %edi             /* AT_FDCWD */
        jmp     *libc_readlinkat + DATA(%rip)

/* dl_iterate_phdr(callback, data): the payload's segments first */
dl_iterate_phdr:
        mov     next + DATA(%rip), %rax
        test    %rax, %rax
        jnz     1f
        push    %rdi
        push    %rsi
        sub     $8, %rsp
        or      $-1, %rdi               /* RTLD_NEXT */
        lea     name_dl_iterate_phdr(%rip), %rsi
        call    *libc_dlsym + DATA(%rip)
        mov     %rax, next + DATA(%rip)
        add     $8, %rsp
        pop     %rsi
        pop     %rdi
1:      cmpl    $PT_NOTE, note(%rip)
        je      2f
        jmp     *%rax
2:      push    $0                      /* whether the payload was shown */
        push    %rsi
        push    %rdi
        mov     %rsp, %rsi
        lea     visit(%rip), %rdi
        call    *%rax
        add     $24, %rsp
        ret

/* visit(info, bytes, state): shows the callback each object once */
visit:  push    %rbx
        push    %rbp
        mov     %rdi, %rbx
        mov     %rdx, %rbp
        sub     $72, %rsp
        mov     %rsi, 64(%rsp)
        cmpq    $0, 16(%rbp)
        jne     1f
        incq    16(%rbp)
        mov     %rbx, %rsi              /* the first has no name, as the program's */
        mov     %rsp, %rdi
        mov     $8, %ecx
        rep movsq
        lea     head(%rip), %rax
        mov     %rax, (%rsp)            /* dlpi_addr */
        lea     segments(%rip), %rax
        mov     %rax, 16(%rsp)          /* dlpi_phdr */
        mov     head + 56(%rip), %ax
        mov     %ax, 24(%rsp)           /* dlpi_phnum */
        xor     %eax, %eax
        mov     %rax, 48(%rsp)          /* no thread-local storage */
        mov     %rax, 56(%rsp)
        mov     %rsp, %rdi
        mov     $64, %esi
        mov     8(%rbp), %rdx
        call    *(%rbp)
        test    %eax, %eax
        jnz     2f
1:      xor     %eax, %eax
        lea     head(%rip), %rcx
        cmp     %rcx, (%rbx)
        je      2f
        mov     %rbx, %rdi
        mov     64(%rsp), %rsi
        mov     8(%rbp), %rdx
        call    *(%rbp)
2:      add     $72, %rsp
        pop     %rbp
        pop     %rbx
        ret
        .balign 8
end:
