/* dienames.c - what a function is called and where it is declared.
 *
 * Room: symbolize.
 * SPDX-License-Identifier: MIT
 */
#include "symbolize/dienames.h"

#include "symbolize/clones.h"
#include "symbolize/scope.h"
#include "symbolize/words.h"

/* DWARF 5 and later numbers of C++98, 03, 11, 14, 17, 20 and Objective-C++. */
static bool is_cplus(unsigned language)
{
	return language == 0x04 || language == 0x19 || language == 0x1a || language == 0x21 ||
	       language == 0x2b || language == 0x2c || language == 0x11;
}

/* A name without linkage name is complete in C.  In C++ it is a local class's or a lambda's
 * (operator()): whose? */
static const char *plain_name(struct rp_object *o, const struct rp_words *words, const char *symbol)
{
	if (!words->name || !is_cplus(words->language))
		return words->name;
	if (symbol && symbol[0] == '_' && symbol[1] == 'Z')
		return rp_clones_name(o->shared, symbol);
	return rp_scope_qualify(o, &words->declared, words->name);
}

static struct rp_dienames_entry *make_entry(struct rp_object *o, const struct rp_die *die,
                                            const char *symbol)
{
	struct rp_dienames_entry *entry = rp_pool_take(&o->shared->pool, sizeof(*entry));
	struct rp_words words;

	rp_words_read(die, &words);
	entry->decl_line = words.decl_line;
	/* A linkage name that is not mangled is the linker's, as libc's "__GI___libc_write". */
	if (words.linkage && (rp_demangle_is_mangled(words.linkage) || !words.name))
		entry->name =
		        rp_demangle_name(&o->shared->demangle, &o->shared->pool, words.linkage);
	else
		entry->name = plain_name(o, &words, symbol);
	return entry;
}

/* All copies of a function share the entry of what they are copies of. */
static struct rp_die named_die(const struct rp_function *f)
{
	struct rp_die origin;

	if (f->into && rp_dies_refer(f->die.unit, &f->origin, &origin))
		return origin;
	return f->die;
}

const struct rp_dienames_entry *
rp_dienames_get(struct rp_object *object, const struct rp_function *function, const char *symbol)
{
	struct rp_die die = named_die(function);
	uint64_t key = (uintptr_t)die.at;
	struct rp_dienames_entry *entry = rp_addrmap_get(&object->die_names, key);

	if (!entry) {
		entry = make_entry(object, &die, symbol);
		rp_addrmap_put(&object->die_names, key, entry);
	}
	return entry;
}
