/* profile_code.c - names for code in no module: its runtime's, else the kernel's for the memory.
 *
 * Room: tools.  Part of profile_names.h.  A runtime may use memory again, so a name counts at a
 * moment: that of the first sample or wait on the node.
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>
#include "symbolize/jitname.h"
#include "tools/profile_names.h"

#define WHERE_NAMED "[jit]"

/* The names of a recording, made when they are first met. */
struct code {
	struct rp_profile *p;
	const struct rp_recording *r;
	uint64_t *first_ns; /* by node */
	struct rp_frame **code, **mappings;
};

static void meet(struct code *c, uint32_t stack, uint64_t at_ns)
{
	size_t i = stack ? rp_recording_stack(c->r, stack) : c->r->n_stacks;

	if (i < c->r->n_stacks && at_ns < c->first_ns[i])
		c->first_ns[i] = at_ns;
}

/* Callers stand before what they call, so that one way back tells them all. */
static void find_first_ns(struct code *c, const struct rp_profile_node *nodes)
{
	for (size_t i = 0; i < c->r->n_stacks; i++)
		c->first_ns[i] = RP_NEVER;
	for (size_t i = 0; i < c->r->n_samples; i++)
		meet(c, c->r->samples[i].stack, c->r->samples[i].at_ns);
	for (size_t i = 0; i < c->r->n_waits; i++)
		meet(c, c->r->waits[i].stack, c->r->waits[i].at_ns);
	for (size_t i = c->r->n_stacks; i-- > 0;) {
		uint32_t parent = nodes[i].parent;

		if (parent && c->first_ns[i] < c->first_ns[parent - 1])
			c->first_ns[parent - 1] = c->first_ns[i];
	}
}

/* FORMAT.md 4.16: the first that holds ADDR at AT_NS. */
static size_t find_code(const struct code *c, uint64_t addr, uint64_t at_ns)
{
	size_t i = 0;

	for (; i < c->r->n_code; i++) {
		const struct rp_rec_code *code = &c->r->code[i];

		if (addr - code->begin >= code->size)
			continue;
		/* Samples are cut to whole microseconds. */
		if ((code->since_ns == RP_NEVER || code->since_ns / 1000 <= at_ns / 1000) &&
		    (code->until_ns == RP_NEVER || at_ns < code->until_ns))
			break;
	}
	return i;
}

static size_t find_mapping(const struct code *c, uint64_t addr)
{
	size_t i = 0;

	while (i < c->r->n_mappings && addr - c->r->mappings[i].begin >= c->r->mappings[i].size)
		i++;
	return i;
}

static struct rp_frame *make_frame(struct code *c, struct rp_frame frame)
{
	struct rp_frame *made = rp_heap_take(&c->p->join->heap, sizeof(*made));

	*made = frame;
	return made;
}

static const struct rp_frame *code_frame(struct code *c, size_t i)
{
	struct rp_slice name = c->r->code[i].name;
	struct rp_jitname parsed;

	if (c->code[i])
		return c->code[i];
	rp_jitname_parse(rp_heap_text(&c->p->join->heap, name.at, name.n), &parsed);
	return c->code[i] = make_frame(c, (struct rp_frame){.function = parsed.function,
	                                                    .file = parsed.file,
	                                                    .func_line = parsed.line,
	                                                    .named = true});
}

static const struct rp_frame *mapping_frame(struct code *c, size_t i)
{
	if (!c->mappings[i]) {
		struct rp_slice name = i < c->r->n_mappings
		                               ? c->r->mappings[i].name
		                               : (struct rp_slice){RP_ANONYMOUS_CODE,
		                                                   sizeof(RP_ANONYMOUS_CODE) - 1};

		c->mappings[i] =
		        make_frame(c, (struct rp_frame){.function = rp_heap_text(&c->p->join->heap,
		                                                                 name.at, name.n)});
	}
	return c->mappings[i];
}

/* Nameless code that calls its like in the same memory is one frame: nobody knows where one of its
 * functions ends. */
static void name_by_mapping(struct code *c, struct rp_profile_node *nodes, size_t i, uint64_t addr)
{
	const struct rp_frame *frame = mapping_frame(c, find_mapping(c, addr));
	const struct rp_profile_node *parent = nodes[i].parent ? &nodes[nodes[i].parent - 1] : NULL;

	nodes[i].where = frame->function;
	nodes[i].frames.frame = frame;
	nodes[i].frames.n = !(parent && parent->frames.frame == frame);
}

static void name_node(struct code *c, struct rp_profile_node *nodes, size_t i)
{
	uint64_t addr = rp_profile_vaddr(&c->r->stacks[i]);
	size_t code = find_code(c, addr, c->first_ns[i]);

	if (code == c->r->n_code) {
		name_by_mapping(c, nodes, i, addr);
		return;
	}
	nodes[i].where = WHERE_NAMED;
	nodes[i].frames = (struct rp_frames){code_frame(c, code), 1};
}

void rp_profile_code_name(struct rp_profile *p, const struct rp_recording *r,
                          struct rp_profile_node *nodes)
{
	struct code c = {.p = p, .r = r};

	c.first_ns = rp_memory_zero(r->n_stacks, sizeof(*c.first_ns));
	c.code = rp_memory_zero(r->n_code, sizeof(struct rp_frame *));
	c.mappings = rp_memory_zero(r->n_mappings + 1, sizeof(struct rp_frame *));
	find_first_ns(&c, nodes);
	for (size_t i = 0; i < r->n_stacks; i++)
		if (nodes[i].module && nodes[i].module->anonymous)
			name_node(&c, nodes, i);
	free(c.first_ns);
	free(c.code);
	free(c.mappings);
}
