/* stepper.c - see stepper.h.  The trap handler calls nothing but the walks under test.
 *
 * A thread that is cloned under the trap flag begins under it: pthread_create is run so, and its
 * child finds its plan in `awaited`.  What would block SIGTRAP is given other masks: a trap that
 * is blocked is the end of the process.
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#include "tests/support/stepper.h"
#include "preload/cold/modules.h"
#include "tests/support/stepper_judge.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

enum { TRAP_FLAG = 0x100, MAX_THREADS = 16, PAGE_BYTES = 4096 };

/* A thread under the trap flag. */
struct stepped {
	struct stepper_plan plan;
	struct shadow shadow;
	struct stepper_truth truth;
	bool judged;       /* else it only passes through pthread_create */
	uint64_t quiet_sp; /* not above it: still within a function of this file */
	uint64_t n_judged, n_steps;
	/* A mask without SIGTRAP in place of the thread's, for one system call. */
	uint64_t filtered[4];
	uint64_t rsi; /* to be put back; 0: nothing */
};

extern void *__libc_stack_end;

static struct stepped threads[MAX_THREADS];
static _Atomic unsigned n_threads;
static _Atomic(struct stepped *) awaited;
static _Thread_local struct stepped *mine;

/* By hand, since the compiler's own pushf and popf come without unwind rules. */
void stepper_flag(uint64_t keep, uint64_t set);
__asm__(".text\n"
        ".hidden stepper_flag\n"
        ".globl stepper_flag\n"
        ".type stepper_flag, @function\n"
        "stepper_flag: .cfi_startproc\n\t"
        "pushfq\n\t.cfi_adjust_cfa_offset 8\n\t"
        "andq %rdi, (%rsp)\n\t"
        "orq %rsi, (%rsp)\n\t"
        "popfq\n\t.cfi_adjust_cfa_offset -8\n\t"
        "ret\n\t.cfi_endproc\n"
        ".size stepper_flag, . - stepper_flag\n");

static void flag_on(void)
{
	stepper_flag(~(uint64_t)0, TRAP_FLAG);
}

static void flag_off(void)
{
	stepper_flag(~(uint64_t)TRAP_FLAG, 0);
}

static void stop(ucontext_t *uc)
{
	uc->uc_mcontext.gregs[REG_EFL] &= ~(greg_t)TRAP_FLAG;
}

static bool at_syscall(uint64_t pc)
{
	const uint8_t *at = (const uint8_t *)(uintptr_t)pc;

	return at[0] == 0x0f && at[1] == 0x05;
}

/* Where the set of signals is in the second argument of system call NR; -1: in none. */
static int mask_word(uint64_t nr, uint64_t how)
{
	if (nr == SYS_rt_sigprocmask)
		return how == SIG_UNBLOCK ? -1 : 0;
	return nr == SYS_rt_sigaction ? 3 : -1; /* handler, flags, restorer, mask */
}

static void filter_mask(struct stepped *t, greg_t *regs)
{
	const uint64_t *set = (const uint64_t *)(uintptr_t)regs[REG_RSI];
	int word = mask_word((uint64_t)regs[REG_RAX], (uint64_t)regs[REG_RDI]);

	if (word < 0 || !set)
		return;
	memcpy(t->filtered, set, (size_t)(word + 1) * sizeof(*set));
	t->filtered[word] &= ~(UINT64_C(1) << (SIGTRAP - 1));
	t->rsi = (uint64_t)regs[REG_RSI];
	regs[REG_RSI] = (greg_t)(uintptr_t)t->filtered;
}

static void unfilter_mask(struct stepped *t, greg_t *regs)
{
	if (t->rsi && regs[REG_RSI] == (greg_t)(uintptr_t)t->filtered)
		regs[REG_RSI] = (greg_t)t->rsi;
	t->rsi = 0;
}

/* Does the system call make or become another process, which nobody steps, or end? */
static bool leaves(const greg_t *regs)
{
	uint64_t first = (uint64_t)regs[REG_RDI];

	switch (regs[REG_RAX]) {
	case SYS_clone:
		return !(first & CLONE_THREAD);
	case SYS_clone3:
		return !(*(const uint64_t *)(uintptr_t)first & CLONE_THREAD);
	case SYS_fork:
	case SYS_vfork:
	case SYS_execve:
	case SYS_exit:
	case SYS_exit_group:
		return true;
	}
	return false;
}

static void judge(struct stepped *t, ucontext_t *uc)
{
	unsigned every = t->plan.every ? t->plan.every : 1;
	bool beside;

	t->plan.score->steps = ++t->n_steps;
	if (t->n_steps % every)
		return;
	if (t->shadow.deep) {
		t->plan.score->lost++;
		return;
	}
	t->n_judged++;
	beside = t->plan.unw_every && t->n_judged % t->plan.unw_every == 0;
	t->truth.pc[0] = t->shadow.pc;
	t->truth.n = shadow_truth(&t->shadow, t->truth.pc + 1);
	stepper_judge(&t->plan, &t->truth, uc, beside);
}

static void look(struct stepped *t, ucontext_t *uc)
{
	uint64_t sp = (uint64_t)uc->uc_mcontext.gregs[REG_RSP];

	t->quiet_sp = 0;
	shadow_follow(&t->shadow, (uint64_t)uc->uc_mcontext.gregs[REG_RIP], sp);
	if (t->shadow.now == &t->shadow.stack[0] && sp < t->truth.stack_lo)
		t->truth.stack_lo = sp & ~(uint64_t)(PAGE_BYTES - 1); /* as hot/capture.c */
	judge(t, uc);
}

static bool is_over(const struct stepped *t, uint64_t pc)
{
	return (t->plan.max_steps && t->n_steps >= t->plan.max_steps) ||
	       (t->plan.pause_at && pc == t->plan.pause_at);
}

static void on_trap(int signal, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;
	greg_t *regs = uc->uc_mcontext.gregs;
	uint64_t pc = (uint64_t)regs[REG_RIP];
	struct stepped *t = mine;

	(void)signal;
	(void)info;
	if (!t && (mine = t = atomic_exchange(&awaited, NULL)))
		t->truth.stack_hi = (uint64_t)(uintptr_t)__builtin_thread_pointer();
	if (!t) { /* cloned by a thread that is stepped */
		stop(uc);
		return;
	}
	unfilter_mask(t, regs);
	if (t->judged && (uint64_t)regs[REG_RSP] > t->quiet_sp)
		look(t, uc);
	if (is_over(t, pc) || (at_syscall(pc) && leaves(regs)))
		stop(uc);
	else if (at_syscall(pc))
		filter_mask(t, regs);
}

static struct stepped *thread_make(const struct stepper_plan *plan)
{
	struct sigaction act = {.sa_sigaction = on_trap, .sa_flags = SA_SIGINFO};
	unsigned i = atomic_fetch_add(&n_threads, 1);
	struct stepped *t = &threads[i % MAX_THREADS];

	sigaction(SIGTRAP, &act, NULL);
	memset(t, 0, sizeof(*t));
	t->plan = *plan;
	t->judged = true;
	t->truth.stack_lo = UINT64_MAX;
	shadow_begin(&t->shadow);
	return t;
}

int stepper_thread(const struct stepper_plan *plan, stepper_create_fn *create, pthread_t *thread,
                   const pthread_attr_t *attr, void *(*main)(void *), void *arg)
{
	static struct stepped passing;
	struct stepped *before = mine;
	int error;

	atomic_store(&awaited, thread_make(plan));
	mine = &passing;
	flag_on();
	error = create(thread, attr, main, arg);
	flag_off();
	mine = before;
	return error;
}

__attribute__((noinline)) void stepper_begin(const struct stepper_plan *plan, uint64_t slot,
                                             uint64_t return_pc)
{
	mine = thread_make(plan);
	mine->truth.stack_hi = (uint64_t)(uintptr_t)__libc_stack_end;
	mine->quiet_sp = (uint64_t)(uintptr_t)__builtin_dwarf_cfa() - 8;
	shadow_push(&mine->shadow, slot, return_pc);
	flag_on();
}

__attribute__((noinline)) void stepper_resume(uint64_t max_steps)
{
	struct shadow_frame inner[SHADOW_FRAMES];
	unsigned n = stepper_unwind(inner, SHADOW_FRAMES);
	struct shadow_stack *stack = mine->shadow.now;
	uint64_t here = inner[0].slot;

	while (stack->n && stack->frame[stack->n - 1].slot < here)
		stack->n--;
	uint64_t known = stack->n ? stack->frame[stack->n - 1].slot : UINT64_MAX;

	while (n > 0 && inner[n - 1].slot >= known)
		n--;
	mine->plan.score->seeded = n;
	while (n > 0) {
		n--;
		shadow_push(&mine->shadow, inner[n].slot, inner[n].pc);
	}
	mine->shadow.pc = 0;
	mine->quiet_sp = (uint64_t)(uintptr_t)__builtin_dwarf_cfa() - 8;
	mine->plan.pause_at = 0;
	mine->plan.max_steps = mine->n_steps + max_steps;
	flag_on();
}

__attribute__((noinline)) void stepper_in_handler(void *context, uint64_t alt_lo, uint64_t alt_hi)
{
	const ucontext_t *uc = context;
	uint64_t frame = (uint64_t)(uintptr_t)context - 8; /* the kernel's: return address first */
	uint64_t sp = (uint64_t)uc->uc_mcontext.gregs[REG_RSP];
	struct shadow *s = &mine->shadow;
	struct shadow_stack *interrupted = s->now;

	shadow_push(s, sp - 129, (uint64_t)uc->uc_mcontext.gregs[REG_RIP]);
	if (alt_hi) {
		struct shadow_stack *alt = shadow_add(s, alt_lo, alt_hi);

		if (!alt)
			abort();
		alt->below = interrupted;
		s->now = alt;
	}
	shadow_push(s, frame, *(const uint64_t *)(uintptr_t)frame);
	s->pc = 0;
	mine->quiet_sp = (uint64_t)(uintptr_t)__builtin_dwarf_cfa() - 8;
	flag_on();
}

void stepper_coroutine(uint64_t lo, uint64_t hi)
{
	if (!mine || !shadow_add(&mine->shadow, lo, hi))
		abort();
}

struct task {
	void (*work)(void *);
	void *arg;
};

static void *task_main(void *arg)
{
	struct task *task = arg;

	task->work(task->arg);
	return NULL;
}

void stepper_run(const struct stepper_plan *plan, void (*work)(void *), void *arg)
{
	struct task task = {.work = work, .arg = arg};
	pthread_t thread;

	if (stepper_thread(plan, pthread_create, &thread, NULL, task_main, &task))
		abort();
	while (plan->loads && pthread_tryjoin_np(thread, NULL) == EBUSY) {
		rp_modules_refresh(); /* as our own thread does */
		usleep(1000);
	}
	if (!plan->loads && pthread_join(thread, NULL))
		abort();
}

void stepper_stack(uint64_t *lo, uint64_t *hi)
{
	pthread_attr_t attr;
	void *at;
	size_t n;

	if (pthread_getattr_np(pthread_self(), &attr) || pthread_attr_getstack(&attr, &at, &n))
		abort();
	pthread_attr_destroy(&attr);
	*lo = (uint64_t)(uintptr_t)at;
	*hi = *lo + n;
}

bool stepper_works_here(void)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	return false;
#elif defined(__has_feature)
	return !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer);
#else
	return true;
#endif
}
