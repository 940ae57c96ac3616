/* hooks_throw.c - the last step of a throw through libunwind, kept safe from signals.
 *
 * A host may throw its C++ exceptions through libunwind.  Its setcontext (1.6.2 and 1.8.1) moves
 * the stack pointer to the frame that catches, and then reads where to go from the context, which
 * lies on the stack that it has just left: a signal in between is delivered over it, and the host
 * jumps anywhere.  Ours come often.  So it is given a context that is on no stack.
 *
 * Room: hot.  SPDX-License-Identifier: MIT
 */
#include "preload/hot/dynamic.h"
#include "preload/hot/hooks.h"
#include "preload/hot/tables.h"

typedef int setcontext_fn(const ucontext_t *to);

static __thread struct {
	uint32_t unloads; /* good while rp_tables_unloads is this */
	uintptr_t caller_lo, caller_hi;
	setcontext_fn *real;
	ucontext_t to;
} last;

struct look {
	const void *caller;
	struct rp_dynamic of_caller;
	setcontext_fn *first, *own; /* of any library; of the one that calls */
};

static int see(struct dl_phdr_info *info, size_t size, void *arg)
{
	struct look *look = arg;
	struct rp_dynamic d;

	(void)size;
	if (!rp_dynamic_read(&d, info) || rp_dynamic_holds(&d, &rp_real))
		return 0;
	setcontext_fn *fn = (setcontext_fn *)rp_dynamic_find(&d, "_Ux86_64_setcontext");

	look->first = look->first ? look->first : fn;
	if (rp_dynamic_holds(&d, look->caller)) {
		look->of_caller = d;
		look->own = fn;
	}
	return look->own != NULL;
}

/* The function of the library that calls, which is libunwind itself; it may be out of reach of
 * dlsym (RTLD_LOCAL).  The throw looks at the loader's list at every frame anyway. */
static setcontext_fn *real_of(const void *caller)
{
	uint32_t unloads = atomic_load(&rp_tables_unloads);
	struct look look = {.caller = caller};

	if (rp_likely(last.unloads == unloads) &&
	    (uintptr_t)caller - last.caller_lo < last.caller_hi - last.caller_lo)
		return last.real;
	dl_iterate_phdr(see, &look);
	last.real = look.own ? look.own : look.first;
	last.caller_lo = look.of_caller.lo;
	last.caller_hi = look.of_caller.hi;
	last.unloads = unloads;
	return last.real;
}

RP_HOOK int _Ux86_64_setcontext(const ucontext_t *to)
{
	setcontext_fn *real = real_of(__builtin_return_address(0));

	if (!real)
		return -1;
	last.to = *to;
	return real(&last.to);
}
