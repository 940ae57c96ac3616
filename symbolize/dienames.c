/* dienames.c - what a function is called and where it is declared.
 *
 * Room: symbolize.  Attributes are looked for along abstract_origin and specification, also into
 * other units (LTO, Rust) and the dwz file; libdw does that step.
 * SPDX-License-Identifier: MIT
 */
#include "symbolize/dienames.h"

#include <dwarf.h>

#include "symbolize/scope.h"

static const char *text_of(Dwarf_Die *die, unsigned name)
{
	Dwarf_Attribute attr;

	return dwarf_formstring(dwarf_attr_integrate(die, name, &attr));
}

static const char *linkage_of(Dwarf_Die *die)
{
	const char *name = text_of(die, DW_AT_linkage_name);

	return name ? name : text_of(die, DW_AT_MIPS_linkage_name);
}

static uint32_t line_of(Dwarf_Die *die)
{
	Dwarf_Attribute attr;
	Dwarf_Word line;

	if (dwarf_formudata(dwarf_attr_integrate(die, DW_AT_decl_line, &attr), &line) != 0)
		return 0;
	return (uint32_t)line;
}

/* A name without linkage name is complete in C.  In C++ it is a local class's or a lambda's
 * (operator()): whose? */
static const char *plain_name(struct rp_object *o, struct rp_cu *cu, Dwarf_Die *die,
                              const char *symbol)
{
	const char *name = text_of(die, DW_AT_name);

	if (!name || !rp_cus_is_cplus(cu))
		return name;
	if (symbol && symbol[0] == '_' && symbol[1] == 'Z')
		return rp_demangle_name(&o->shared->demangle, &o->shared->pool, symbol);
	return rp_scope_qualify(o, die, name);
}

static struct rp_dienames_entry *make_entry(struct rp_object *o, struct rp_cu *cu, Dwarf_Die *die,
                                            const char *symbol)
{
	struct rp_dienames_entry *entry = rp_pool_take(&o->shared->pool, sizeof(*entry));
	const char *linkage = linkage_of(die);

	entry->decl_line = line_of(die);
	entry->name = linkage ? rp_demangle_name(&o->shared->demangle, &o->shared->pool, linkage)
	                      : plain_name(o, cu, die, symbol);
	return entry;
}

/* All copies of a function share the entry of what they are copies of. */
static Dwarf_Die named_die(struct rp_function *f)
{
	Dwarf_Attribute attr;
	Dwarf_Die origin;

	if (f->into && dwarf_attr(&f->die, DW_AT_abstract_origin, &attr) &&
	    dwarf_formref_die(&attr, &origin))
		return origin;
	return f->die;
}

const struct rp_dienames_entry *rp_dienames_get(struct rp_object *object, struct rp_cu *cu,
                                                struct rp_function *function, const char *symbol)
{
	if (function->name)
		return function->name;
	Dwarf_Die die = named_die(function);
	uint64_t key = (uintptr_t)die.addr;
	struct rp_dienames_entry *entry = rp_addrmap_get(&object->die_names, key);

	if (!entry) {
		entry = make_entry(object, cu, &die, symbol);
		rp_addrmap_put(&object->die_names, key, entry);
	}
	return function->name = entry;
}
