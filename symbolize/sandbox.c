/* sandbox.c - a process that may read files, compute and answer, and nothing else.
 *
 * Room: symbolize.  Entered by guard_child.c before it looks at any module.
 * SPDX-License-Identifier: MIT
 */
#include "symbolize/sandbox.h"

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* One row of the filter: this call, when argument ARG has no bit of FORBIDDEN (of IS, no other
 * value), is allowed; ARG < 0: always. */
struct allowed {
	int call, arg;
	uint32_t forbidden;
	bool is;
};

enum { ANY = -1, MAX_STEPS = 256 };

/* Files are opened for reading only; memory never becomes code; no thread, no process. */
static const struct allowed calls[] = {
        {SYS_read, ANY, 0, false},
        {SYS_write, ANY, 0, false},
        {SYS_writev, ANY, 0, false},
        {SYS_pread64, ANY, 0, false},
        {SYS_lseek, ANY, 0, false},
        {SYS_close, ANY, 0, false},
        {SYS_fstat, ANY, 0, false},
        {SYS_newfstatat, ANY, 0, false},
        {SYS_readlinkat, ANY, 0, false},
#ifdef SYS_readlink /* what realpath uses where the kernel has it; newer machines do not */
        {SYS_readlink, ANY, 0, false},
#endif
        {SYS_getcwd, ANY, 0, false},
        {SYS_fcntl, ANY, 0, false},
        {SYS_openat, 2, O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | O_APPEND, false},
        {SYS_mmap, 2, PROT_EXEC, false},
        {SYS_mprotect, 2, PROT_EXEC, false},
        {SYS_munmap, ANY, 0, false},
        {SYS_mremap, ANY, 0, false},
        {SYS_madvise, ANY, 0, false},
        {SYS_brk, ANY, 0, false},
        {SYS_futex, ANY, 0, false},
        {SYS_sched_yield, ANY, 0, false},
        {SYS_sched_getaffinity, ANY, 0, false},
        {SYS_set_robust_list, ANY, 0, false},
        {SYS_rseq, ANY, 0, false},
        {SYS_getrandom, ANY, 0, false},
        {SYS_clock_gettime, ANY, 0, false},
        {SYS_sysinfo, ANY, 0, false},
        {SYS_getpid, ANY, 0, false},
        {SYS_gettid, ANY, 0, false},
        {SYS_rt_sigprocmask, ANY, 0, false},
        {SYS_rt_sigaction, ANY, 0, false},
        {SYS_rt_sigreturn, ANY, 0, false},
        {SYS_exit, ANY, 0, false},
        {SYS_exit_group, ANY, 0, false},
};

/* A sanitizer needs half the kernel, and terabytes of addresses. */
extern void __asan_init(void) __attribute__((weak));
extern void __tsan_init(void) __attribute__((weak));
/* Our own ELF header, by the linker: which machine this is, without asking the compiler. */
extern const ElfW(Ehdr) __ehdr_start __attribute__((visibility("hidden")));

struct program {
	struct sock_filter step[MAX_STEPS];
	unsigned short n;
};

static void add(struct program *p, struct sock_filter step)
{
	p->step[p->n++] = step;
}

static void load(struct program *p, size_t offset)
{
	add(p, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset));
}

static void end(struct program *p, uint32_t how)
{
	add(p, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, how));
}

/* Of an argument only the low half is looked at: nothing in the list is 64 bits wide. */
static void allow(struct program *p, const struct allowed *row)
{
	uint8_t skip = row->arg < 0 ? 1 : 4;

	add(p,
	    (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)row->call, 0, skip));
	if (row->arg >= 0) {
		load(p, offsetof(struct seccomp_data, args) + (size_t)row->arg * 8);
		add(p, row->is ? (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
		                                              row->forbidden, 1, 0)
		               : (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K,
		                                              row->forbidden, 0, 1));
		end(p, SECCOMP_RET_ERRNO | 1);
	}
	end(p, SECCOMP_RET_ALLOW);
}

/* What is not allowed fails with EPERM: a reader that only asks for something odd goes on. */
static void filter_calls(void)
{
	struct program p = {.n = 0};
	const struct allowed own[] = {{SYS_tgkill, 0, (uint32_t)getpid(), true}};

	load(&p, offsetof(struct seccomp_data, arch));
	add(&p, (struct sock_filter)BPF_JUMP(
	                BPF_JMP | BPF_JEQ | BPF_K,
	                __ehdr_start.e_machine | __AUDIT_ARCH_64BIT | __AUDIT_ARCH_LE, 1, 0));
	end(&p, SECCOMP_RET_KILL_PROCESS);
	load(&p, offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++)
		allow(&p, &calls[i]);
	allow(&p, own);
	end(&p, SECCOMP_RET_ERRNO | 1);
	struct sock_fprog all = {.len = p.n, .filter = p.step};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
		prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &all);
}

static void limit(int what, uint64_t most)
{
	struct rlimit to = {.rlim_cur = most, .rlim_max = most}, now;

	if (getrlimit((__rlimit_resource_t)what, &now) == 0 && now.rlim_max < most)
		to.rlim_cur = to.rlim_max = now.rlim_max;
	setrlimit((__rlimit_resource_t)what, &to);
}

/* Nothing of our parent's: not its terminal, nor a session that it has open. */
static void close_all_but(int keep)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int fd = 0; null >= 0 && fd < 3; fd++)
		dup2(null, fd);
	close_range(3, (unsigned)keep - 1, 0);
	close_range((unsigned)keep + 1, ~0U, 0);
}

void rp_sandbox_enter(int keep, uint64_t memory_bytes)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	limit(RLIMIT_CORE, 0);
	if (__asan_init || __tsan_init)
		return;
	close_all_but(keep);
	limit(RLIMIT_FSIZE, 0);
	limit(RLIMIT_DATA, memory_bytes);
	filter_calls();
}
