/* scope.c - the classes and functions around a DIE, as part of its name.
 *
 * Room: symbolize.  DIEs do not know their parents: go down from the unit, at each level into the
 * last DIE that begins before the wanted one.
 * SPDX-License-Identifier: MIT
 */
#include "symbolize/scope.h"

#include <dwarf.h>
#include <stdio.h>
#include <string.h>

#include "symbolize/dies.h"

enum { MAX_SCOPES = 32, MAX_NAME_BYTES = 1024 };

/* The declaration that a definition completes, or the origin of a copy: it is in the class. */
static Dwarf_Die declaration_of(Dwarf_Die *die)
{
	const unsigned links[] = {DW_AT_abstract_origin, DW_AT_specification};
	Dwarf_Die at = *die, next;
	Dwarf_Attribute attr;

	for (size_t i = 0; i < 2; i++)
		if (dwarf_attr(&at, links[i], &attr) && dwarf_formref_die(&attr, &next))
			at = next;
	return at;
}

/* Into the child of PARENT that holds TARGET; false when TARGET is a child itself. */
static bool step_down(struct rp_dies *dies, Dwarf_Die *parent, const Dwarf_Die *target)
{
	Dwarf_Die die, last = {0};

	if (!rp_dies_enter(dies, parent, &die))
		return false;
	do {
		if (die.addr >= target->addr)
			break;
		last = die;
	} while (rp_dies_next(dies, &die));
	if (die.addr == target->addr || !last.addr)
		return false;
	*parent = last;
	return true;
}

static bool is_class(int tag)
{
	return tag == DW_TAG_class_type || tag == DW_TAG_structure_type || tag == DW_TAG_union_type;
}

/* A function's linkage name says all that is around it. */
static const char *whole_name(struct rp_object *o, Dwarf_Die *scope)
{
	Dwarf_Attribute attr;
	const char *name = NULL;

	if (dwarf_tag(scope) == DW_TAG_subprogram)
		name = dwarf_formstring(dwarf_attr_integrate(scope, DW_AT_linkage_name, &attr));
	return name ? rp_demangle_name(&o->shared->demangle, &o->shared->pool, name) : NULL;
}

static const char *label_of(Dwarf_Die *scope, bool is_call_operator)
{
	Dwarf_Attribute attr;
	int tag = dwarf_tag(scope);
	const char *name = dwarf_formstring(dwarf_attr_integrate(scope, DW_AT_name, &attr));

	if (is_class(tag)) /* "._anon": how gcc calls what has no name */
		return name && strncmp(name, "._anon", 6) != 0 ? name
		       : is_call_operator                      ? "{lambda}"
		                                               : "{unnamed}";
	if (tag == DW_TAG_namespace)
		return name ? name : "(anonymous namespace)";
	return tag == DW_TAG_subprogram ? name : NULL;
}

const char *rp_scope_qualify(struct rp_object *object, Dwarf_Die *die, const char *name)
{
	Dwarf_Die target = declaration_of(die), at;
	char text[MAX_NAME_BYTES];
	bool is_call_operator = strcmp(name, "operator()") == 0;
	size_t n = 0;

	if (!dwarf_diecu(&target, &at, NULL, NULL))
		return name;
	struct rp_dies dies = rp_dies_begin(&at);

	for (int i = 0; i < MAX_SCOPES && step_down(&dies, &at, &target); i++) {
		const char *whole = whole_name(object, &at);
		const char *label = whole ? whole : label_of(&at, is_call_operator);

		if (whole)
			n = 0;
		if (label)
			n += (size_t)snprintf(text + n, sizeof(text) - n, "%s::", label);
		if (n >= sizeof(text))
			return name;
	}
	if (!is_class(dwarf_tag(&at)))
		return name;
	n += (size_t)snprintf(text + n, sizeof(text) - n, "%s", name);
	return n < sizeof(text) ? rp_pool_text(&object->shared->pool, text, n) : name;
}
