# The firmware of the probe guest (accelerator.ts): proves that a processor runs what kernels need, from the reset
# vector to 64-bit mode with paging and, where the processor says it has them, instructions of BMI2. Says "RPLB" on
# the debug port and ends QEMU with code 33. Translate with:
#   as -o probe.o probe.S && ld -Ttext 0xffff0000 --oformat binary -o probe.bin probe.o
# probe-rom.ts has its bytes; probe-rom.test.ts holds them equal.
        .code16
        .globl  _start
_start: cli
        mov     $'R', %al
        out     %al, $0xe9
        lgdtl   %cs:(gdtr - _start)
        mov     %cr0, %eax
        or      $1, %al
        mov     %eax, %cr0
        ljmpl   $8, $protected

        .code32
protected:
        mov     $16, %ax
        mov     %ax, %ds
        mov     %ax, %es
        mov     %ax, %ss
        mov     $0x8000, %esp
        mov     $'P', %al
        out     %al, $0xe9
        # Page tables: the first 2 MiB of memory and the last 2 MiB below 4 GiB, where this code is.
        cld
        mov     $0x1000, %edi
        xor     %eax, %eax
        mov     $0x1000, %ecx
        rep stosl
        movl    $0x2003, 0x1000
        movl    $0x3003, 0x2000
        movl    $0x4003, 0x2018
        movl    $0x00000083, 0x3000
        movl    $0xffe00083, 0x4ff8
        mov     %cr4, %eax
        or      $0x20, %eax
        mov     %eax, %cr4
        mov     $0x1000, %eax
        mov     %eax, %cr3
        mov     $0xc0000080, %ecx
        rdmsr
        or      $0x100, %eax
        wrmsr
        mov     %cr0, %eax
        or      $0x80000000, %eax
        mov     %eax, %cr0
        ljmpl   $24, $long

        .code64
long:   mov     $'L', %al
        out     %al, $0xe9
        xor     %eax, %eax
        cpuid
        cmp     $7, %eax
        jb      2f
        mov     $7, %eax
        xor     %ecx, %ecx
        cpuid
        test    $0x100, %ebx
        jz      2f
        mov     $1000, %ecx
        mov     $1, %r8d
1:      shlxl   %ecx, %r8d, %edx
        rorxl   $5, %edx, %edx
        dec     %ecx
        jnz     1b
2:      mov     $'B', %al
        out     %al, $0xe9
        mov     $16, %al
        out     %al, $0xf4
3:      hlt
        jmp     3b

        .balign 8
gdt:    .quad   0
        .quad   0x00cf9a000000ffff
        .quad   0x00cf92000000ffff
        .quad   0x00af9a000000ffff
gdtr:   .word   31
        .long   gdt
