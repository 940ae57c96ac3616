/* scope.c - the classes and functions around a DIE, as part of its name.
 *
 * Room: symbolize.  DIEs do not know their parents: go down from the unit, at each level into the
 * last DIE that begins before the wanted one.
 * SPDX-License-Identifier: MIT
 */
#include "symbolize/scope.h"

#include <dwarf.h>
#include <stdio.h>

enum { MAX_SCOPES = 32, MAX_NAME_BYTES = 1024 };

/* From the children at BYTES into the one that TARGET is in: SCOPE, and BYTES at its children.
 * False when TARGET is one of them. */
static bool step_down(struct rp_bytes *bytes, const struct rp_die *target, struct rp_die *scope)
{
	const struct rp_abbrev *abbrev;
	struct rp_bytes inside;

	do {
		*scope = (struct rp_die){target->unit, bytes->at};
		abbrev = rp_dies_next(target->unit, bytes);
		if (!abbrev || scope->at >= target->at)
			return false;
		inside = *bytes;
		rp_dies_pass(target->unit, abbrev, bytes);
	} while (bytes->at <= target->at);
	*bytes = inside;
	rp_abbrevs_pass(abbrev, bytes, target->unit->widths);
	return abbrev->has_children;
}

static bool is_class(unsigned tag)
{
	return tag == DW_TAG_class_type || tag == DW_TAG_structure_type || tag == DW_TAG_union_type;
}

static const char *label_of(const struct rp_words *scope, bool is_call_operator)
{
	const char *name = scope->name;

	if (is_class(scope->tag)) /* "._anon": how gcc calls what has no name */
		return name && strncmp(name, "._anon", 6) != 0 ? name
		       : is_call_operator                      ? "{lambda}"
		                                               : "{unnamed}";
	if (scope->tag == DW_TAG_namespace)
		return name ? name : "(anonymous namespace)";
	return scope->tag == DW_TAG_subprogram ? name : NULL;
}

/* Adds SCOPE to the N bytes of TEXT; a function's linkage name says all that is around it. */
static size_t add_scope(struct rp_object *o, const struct rp_words *scope, bool is_call_operator,
                        char *text, size_t n)
{
	bool whole = scope->tag == DW_TAG_subprogram && scope->linkage;
	const char *label =
	        whole ? rp_demangle_name(&o->shared->demangle, &o->shared->pool, scope->linkage)
	              : label_of(scope, is_call_operator);

	if (whole)
		n = 0;
	if (label)
		n += (size_t)snprintf(text + n, MAX_NAME_BYTES - n, "%s::", label);
	return n;
}

const char *rp_scope_qualify(struct rp_object *object, const struct rp_die *die, const char *name)
{
	struct rp_unit *unit = die->unit;
	struct rp_bytes bytes = {unit->root.children, unit->end};
	bool is_call_operator = strcmp(name, "operator()") == 0;
	struct rp_words words = {0};
	struct rp_die scope;
	char text[MAX_NAME_BYTES];
	size_t n = 0;

	for (int i = 0; i < MAX_SCOPES && step_down(&bytes, die, &scope); i++) {
		rp_words_read(&scope, &words);
		n = add_scope(object, &words, is_call_operator, text, n);
		if (n >= sizeof(text))
			return name;
	}
	if (!is_class(words.tag))
		return name;
	n += (size_t)snprintf(text + n, sizeof(text) - n, "%s", name);
	return n < sizeof(text) ? rp_pool_text(&object->shared->pool, text, n) : name;
}
