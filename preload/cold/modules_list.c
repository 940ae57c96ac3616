/* modules_list.c - one pass over the loader's list: ranges, build-ids, copies of .eh_frame.
 *
 * Room: cold.  Everything in list_one runs under the loader's lock: copy and leave, no parsing
 * beyond lengths.  Every address is checked to lie in a readable segment before it is read.
 * SPDX-License-Identifier: MIT
 */
#include "preload/cold/modules_list.h"
#include "preload/cold/loader.h"
#include "preload/cold/ehframe.h"
#include "preload/hot/standing.h"
#include "store/records.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

enum { PAGE_BYTES = 4096 };

rp_modules_iterate_fn *rp_modules_iterate = dl_iterate_phdr;

static uint64_t page_up(uint64_t addr)
{
	return (addr + PAGE_BYTES - 1) & ~(uint64_t)(PAGE_BYTES - 1);
}

/* Bytes that can be read from ADDR on, in the segment that holds it. */
static size_t readable(const struct dl_phdr_info *info, uint64_t addr)
{
	for (unsigned i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *ph = &info->dlpi_phdr[i];
		uint64_t lo = info->dlpi_addr + ph->p_vaddr;

		if (ph->p_type == PT_LOAD && ph->p_flags & PF_R && addr >= lo &&
		    addr - lo < ph->p_filesz)
			return ph->p_filesz - (addr - lo);
	}
	return 0;
}

static void list_segment(struct rp_listed *listed, const ElfW(Phdr) * ph)
{
	struct rp_module *module = &listed->module;
	uint64_t lo = module->bias + ph->p_vaddr, hi = lo + ph->p_memsz;

	if (module->lo == 0) {
		module->lo = lo & ~(uint64_t)(PAGE_BYTES - 1);
		listed->first_hi = page_up(lo + ph->p_filesz);
	}
	if (hi > module->hi)
		module->hi = hi;
	if (!(ph->p_flags & PF_X))
		return;
	bool second = listed->text_hi != 0;

	listed->text_lo = lo;
	listed->text_hi = lo + ph->p_filesz;
	if (second || !(ph->p_flags & PF_R)) /* stays set, so that a third is not the first */
		listed->text_lo = listed->text_hi;
}

static void list_build_id(struct rp_listed *listed, const struct dl_phdr_info *info,
                          const ElfW(Phdr) * ph)
{
	struct rp_module *module = &listed->module;
	uint64_t at = info->dlpi_addr + ph->p_vaddr;
	size_t left = readable(info, at);
	uint64_t align = ph->p_align == 8 ? 8 : 4;

	left = left < ph->p_memsz ? left : ph->p_memsz;
	while (left >= sizeof(ElfW(Nhdr))) {
		const ElfW(Nhdr) *note = (const void *)(uintptr_t)at;
		uint64_t name = sizeof *note, desc = name + note->n_namesz;
		uint64_t next;

		desc = (desc + align - 1) & ~(align - 1);
		next = (desc + note->n_descsz + align - 1) & ~(align - 1);
		if (desc + note->n_descsz > left)
			return;
		if (note->n_type == NT_GNU_BUILD_ID && note->n_namesz == 4 &&
		    memcmp((const char *)note + name, "GNU", 4) == 0 &&
		    note->n_descsz <= RP_BUILD_ID_MAX) {
			memcpy(module->build_id, (const char *)note + desc, note->n_descsz);
			module->n_build_id = note->n_descsz;
			listed->identity =
			        rp_standing_identity(module->lo, at + desc, NULL, note->n_descsz);
		}
		if (next > left)
			return;
		at += next;
		left -= next;
	}
}

static bool list_eh_frame(struct rp_list *list, struct rp_listed *listed,
                          const struct dl_phdr_info *info, const ElfW(Phdr) * ph)
{
	uint64_t hdr = info->dlpi_addr + ph->p_vaddr;
	uint64_t at = rp_ehframe_from_hdr((const void *)(uintptr_t)hdr, readable(info, hdr), hdr);
	size_t n = readable(info, at);

	if (!n)
		return true;
	n = rp_ehframe_length((const void *)(uintptr_t)at, n);
	uint8_t *copy = rp_chunks_take(&list->pool, n);

	if (!copy)
		return false;
	memcpy(copy, (const void *)(uintptr_t)at, n);
	listed->eh = copy;
	listed->n_eh = n;
	listed->eh_addr = at;
	return true;
}

static void list_flags(const struct rp_list *list, struct rp_module *module, const char *name)
{
	uint64_t self = (uint64_t)(uintptr_t)&rp_modules_refresh;

	if (!list->first && !*name)
		module->flags |= RP_MODULE_MAIN;
	else if (self >= module->lo && self < module->hi)
		module->flags |= RP_MODULE_SHIM;
	if (module->lo != getauxval(AT_SYSINFO_EHDR))
		return;
	module->flags |= RP_MODULE_VDSO;
	module->image = (const void *)(uintptr_t)module->lo;
	module->n_image = page_up(module->hi) - module->lo;
}

static struct rp_listed *list_make(struct rp_list *list, const struct dl_phdr_info *info)
{
	const char *name = info->dlpi_name ? info->dlpi_name : "";
	struct rp_listed *listed = rp_chunks_take(&list->pool, sizeof *listed);

	if (!listed)
		return NULL;
	listed->name = rp_chunks_text(&list->pool, name);
	listed->module.bias = info->dlpi_addr;
	for (unsigned i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_LOAD)
			list_segment(listed, &info->dlpi_phdr[i]);
	for (unsigned i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_NOTE)
			list_build_id(listed, info, &info->dlpi_phdr[i]);
	list_flags(list, &listed->module, name);
	return listed->name ? listed : NULL;
}

static void list_append(struct rp_list *list, struct rp_listed *listed)
{
	if (list->last)
		list->last->next = listed;
	else
		list->first = listed;
	list->last = listed;
}

static void list_startcode(struct rp_startcode *start, const struct rp_module *module,
                           const struct dl_phdr_info *info, uint64_t offset)
{
	uint64_t at = info->dlpi_addr + offset;
	size_t n = offset && at >= module->lo && at < module->hi ? readable(info, at) : 0;

	start->n = (uint32_t)(n < RP_STARTCODE_BYTES ? n : RP_STARTCODE_BYTES);
	start->pc = (uint32_t)(at - module->lo);
	memcpy(start->code, (const void *)(uintptr_t)at, start->n);
}

static void list_dynamic(struct rp_list *list, struct rp_listed *listed,
                         const struct dl_phdr_info *info, uint64_t dynamic)
{
	if (list->first_time)
		rp_needs_read(&listed->needs, info, dynamic, readable, &list->pool);
	if (!listed->eh)
		return;
	list_startcode(&listed->init, &listed->module, info,
	               rp_dynamic_value(info, dynamic, DT_INIT, readable));
	list_startcode(&listed->fini, &listed->module, info,
	               rp_dynamic_value(info, dynamic, DT_FINI, readable));
}

static int list_one(struct dl_phdr_info *info, size_t size, void *arg)
{
	struct rp_list *list = arg;
	struct rp_listed *listed = list_make(list, info);

	(void)size; /* glibc has had the counters since 2.4 */
	list->adds = info->dlpi_adds;
	list->subs = info->dlpi_subs;
	if (!listed) {
		list->failed = true;
		return 1;
	}
	if (listed->module.hi <= listed->module.lo)
		return 0;
	for (unsigned i = 0; i < info->dlpi_phnum && list->wanted(list, listed); i++)
		if (info->dlpi_phdr[i].p_type == PT_GNU_EH_FRAME &&
		    !list_eh_frame(list, listed, info, &info->dlpi_phdr[i]))
			list->failed = true;
	for (unsigned i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_DYNAMIC)
			list_dynamic(list, listed, info,
			             info->dlpi_addr + info->dlpi_phdr[i].p_vaddr);
	list_append(list, listed);
	return list->failed;
}

void rp_list_can_ask(void)
{
	if (!rp_standing_ask)
		rp_standing_ask =
		        (rp_standing_ask_fn *)dlvsym(RTLD_DEFAULT, "_dl_find_object", "GLIBC_2.35");
}

bool rp_list_modules(struct rp_list *list)
{
	rp_loader_enter();
	if (list->first_time)
		rp_list_can_ask();
	rp_modules_iterate(list_one, list);
	rp_loader_leave();
	if (list->first_time)
		rp_fixed_mark(list);
	return !list->failed && list->first;
}

static int count_one(struct dl_phdr_info *info, size_t size, void *arg)
{
	uint64_t *counters = arg;

	(void)size;
	counters[0] = info->dlpi_adds;
	counters[1] = info->dlpi_subs;
	return 1;
}

void rp_list_counters(uint64_t *adds, uint64_t *subs)
{
	uint64_t counters[2] = {0, 0};

	rp_loader_enter();
	rp_modules_iterate(count_one, counters);
	rp_loader_leave();
	*adds = counters[0];
	*subs = counters[1];
}

/* The target of LINK; "" when it cannot be read. */
static const char *link_target(const char *link, char *target, size_t cap)
{
	ssize_t n = readlink(link, target, cap - 1);

	target[n > 0 ? n : 0] = '\0';
	return target;
}

/* An absolute name of the loader's is taken as it is.  A relative one meant another directory
 * when it was loaded, and the main program has none (nor is it /proc/self/exe when ld.so was
 * run by hand): there the kernel's name of the first mapping counts. */
const char *rp_list_path(const struct rp_listed *listed, struct rp_chunks *pool)
{
	char link[64], target[PATH_MAX];
	uint64_t lo = listed->module.lo;

	if (listed->module.flags & RP_MODULE_VDSO)
		return rp_chunks_text(pool, "[vdso]");
	if (listed->name[0] == '/')
		return rp_chunks_text(pool, listed->name);
	snprintf(link, sizeof link, "/proc/self/map_files/%lx-%lx", (unsigned long)lo,
	         (unsigned long)listed->first_hi);
	if (*link_target(link, target, sizeof target) == '/')
		return rp_chunks_text(pool, target);
	if (listed->module.flags & RP_MODULE_MAIN)
		return rp_chunks_text(pool, link_target("/proc/self/exe", target, sizeof target));
	return rp_chunks_text(pool, listed->name);
}
