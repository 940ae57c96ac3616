/* stepper.c - see stepper.h.  The trap handler calls nothing but the walk under test.
 * SPDX-License-Identifier: MIT */
#include "tests/support/stepper.h"
#include "preload/hot/stack.h"
#include "store/records.h"

#define UNW_LOCAL_ONLY
#include <libunwind.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

enum { MAX_FRAMES = 400, TRAP_FLAG = 0x100, TRAP_STACK = 256 << 10 };

/* A return address and where it is on the stack. */
struct shadow {
	uint64_t slot, pc;
};

static struct {
	struct stepper_score *score;
	struct shadow frames[MAX_FRAMES]; /* outermost first */
	unsigned n;
	uint64_t pc, sp; /* of the instruction before */
	uint64_t stack_lo, stack_hi;
} now;

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

/* The return address that the instruction at PC pushes if it is a call, else 0. */
static uint64_t call_returns_to(uint64_t pc)
{
	const uint8_t *at = (const uint8_t *)(uintptr_t)pc;
	unsigned prefixes = 0;

	while (at[prefixes] == 0x66 || at[prefixes] == 0x67 || at[prefixes] == 0x3e ||
	       at[prefixes] == 0xf2 || (at[prefixes] & 0xf0) == 0x40)
		prefixes++;
	pc += prefixes;
	at += prefixes;
	if (at[0] == 0xe8)
		return pc + 5;
	if (at[0] != 0xff || ((at[1] >> 3) & 7) != 2)
		return 0;
	unsigned mod = at[1] >> 6, rm = at[1] & 7;
	unsigned n = 2 + (mod != 3 && rm == 4);

	if (mod == 1)
		n += 1;
	else if (mod == 2 || (mod == 0 && (rm == 5 || (rm == 4 && (at[2] & 7) == 5))))
		n += 4;
	return pc + n;
}

__attribute__((no_sanitize("address"))) static void follow(uint64_t pc, uint64_t sp)
{
	uint64_t ra = now.pc ? call_returns_to(now.pc) : 0;

	while (now.n && now.frames[now.n - 1].slot < sp)
		now.n--;
	if (ra && sp == now.sp - 8 && *(uint64_t *)(uintptr_t)sp == ra && now.n < MAX_FRAMES)
		now.frames[now.n++] = (struct shadow){.slot = sp, .pc = ra};
	now.pc = pc;
	now.sp = sp;
}

static void judge(const ucontext_t *uc)
{
	uint64_t pcs[MAX_FRAMES + 1];
	struct rp_walk walk = {.pc = pcs, .cap = MAX_FRAMES + 1};
	struct rp_window window;
	struct rp_regs regs;
	bool prefix;

	rp_regs_from_context(&regs, uc);
	rp_window_live(&window, regs.sp, now.stack_lo, now.stack_hi);
	rp_stack_walk(rp_tables_take(), &regs, &window, &walk);
	rp_tables_give();
	prefix = walk.n >= 1 && walk.n <= now.n + 1 && pcs[0] == now.pc;
	for (uint32_t i = 1; prefix && i < walk.n; i++)
		prefix = pcs[i] == now.frames[now.n - i].pc;
	if (prefix && walk.n == now.n + 1 && walk.stop == RP_STOP_END) {
		now.score->right++;
	} else if (prefix && walk.stop != RP_STOP_END) {
		now.score->truncated++;
		now.score->stops[walk.stop]++;
	} else if (now.score->wrong++ == 0) {
		now.score->first_wrong_pc = now.pc;
	}
}

static void on_trap(int signal, siginfo_t *info, void *context)
{
	const ucontext_t *uc = context;

	(void)signal;
	(void)info;
	follow((uint64_t)uc->uc_mcontext.gregs[REG_RIP], (uint64_t)uc->uc_mcontext.gregs[REG_RSP]);
	judge(uc);
}

/* The frames that are there already: libunwind's word for them. */
__attribute__((noinline)) static void seed(void)
{
	struct shadow inner_first[MAX_FRAMES];
	unw_context_t context;
	unw_cursor_t cursor;
	unw_word_t pc, sp;
	unsigned n = 0;

	unw_getcontext(&context);
	unw_init_local(&cursor, &context);
	while (n < MAX_FRAMES && unw_step(&cursor) > 0) {
		unw_get_reg(&cursor, UNW_REG_IP, &pc);
		unw_get_reg(&cursor, UNW_REG_SP, &sp);
		inner_first[n++] = (struct shadow){.slot = sp - 8, .pc = pc};
	}
	now.n = 0;
	while (n > 0)
		now.frames[now.n++] = inner_first[--n];
}

/* By hand, since the compiler's own pushf and popf come without unwind rules. */
void trap_flag(uint64_t keep, uint64_t set);
__asm__(".text\n"
        ".type trap_flag, @function\n"
        "trap_flag: .cfi_startproc\n\t"
        "pushfq\n\t.cfi_adjust_cfa_offset 8\n\t"
        "andq %rdi, (%rsp)\n\t"
        "orq %rsi, (%rsp)\n\t"
        "popfq\n\t.cfi_adjust_cfa_offset -8\n\t"
        "ret\n\t.cfi_endproc\n"
        ".size trap_flag, . - trap_flag\n");

/* seed() counts this function's own frame as its caller's return address; that frame changes
 * pc, so it is taken away: stepping begins inside, and the first call is seen. */
__attribute__((noinline)) static void step_through(void (*work)(void *), void *arg)
{
	seed();
	now.n--; /* the call of seed() itself */
	now.pc = 0;
	trap_flag(~(uint64_t)0, TRAP_FLAG);
	work(arg);
	trap_flag(~(uint64_t)TRAP_FLAG, 0);
}

void stepper_run(struct stepper_score *score, void (*work)(void *), void *arg)
{
	struct sigaction act = {.sa_sigaction = on_trap, .sa_flags = SA_SIGINFO | SA_ONSTACK};
	stack_t alt = {.ss_sp = malloc(TRAP_STACK), .ss_size = TRAP_STACK}, before;
	struct sigaction act_before;

	memset(score, 0, sizeof *score);
	now.score = score;
	stepper_stack(&now.stack_lo, &now.stack_hi);
	sigaltstack(&alt, &before);
	sigaction(SIGTRAP, &act, &act_before);
	step_through(work, arg);
	sigaction(SIGTRAP, &act_before, NULL);
	sigaltstack(&before, NULL);
	free(alt.ss_sp);
}
