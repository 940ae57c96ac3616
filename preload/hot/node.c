/* node.c - see node.h.  Room: hot.  SPDX-License-Identifier: MIT */
#include "preload/hot/node.h"

#include "preload/hot/clock.h"
#include "preload/hot/conn_slot.h"
#include "preload/hot/current.h"
#include "preload/hot/request.h"
#include "preload/hot/turn.h"

/* Callbacks of one request that follow each other so closely are one segment: in between node does
 * what they left to be done. */
enum { SAME_NS = 20000 };

static bool find(uint32_t serial, struct rp_handoff *h)
{
	*h = (struct rp_handoff){.serial = serial, .by = RP_BY_RUNTIME};
	while (serial && h->request < RP_MAX_REQUESTS && !rp_request_lives(h->request, serial))
		h->request++;
	return serial && h->request < RP_MAX_REQUESTS;
}

void rp_node_head(int fd, uint32_t request, uint32_t serial)
{
	struct rp_self *s = &rp_self;

	if (!s->node)
		return;
	s->node[RP_NODE_ASKS] = 1;
	if (!rp_current_is_told(s))
		return; /* the usual rules have said it */
	rp_current_take(&(struct rp_handoff){request, serial, .by = RP_BY_CLIENT});
	s->node[RP_NODE_HEAD] = (uint32_t)fd + 1;
}

void rp_node_waits(void)
{
	uint32_t *words = rp_self.node;

	if (!words)
		return;
	words[RP_NODE_TURN]++;
	words[RP_NODE_HEAD] = 0;
}

static bool goes_on(const struct rp_self *s, const struct rp_handoff *h)
{
	return rp_current_works(h->request, h->serial) &&
	       (!s->rests_ns || rp_mono_ns() - s->rests_ns < SAME_NS);
}

void *rp_node_enter(void *env, void *info)
{
	struct rp_self *s = &rp_self;
	struct rp_handoff h;

	(void)env;
	(void)info;
	if (!s->node)
		return NULL;
	s->node[RP_NODE_HEAD] = 0;
	if (!find(s->node[RP_NODE_NUMBER], &h)) {
		s->node[RP_NODE_NUMBER] = 0;
		rp_current_leave();
	} else if (goes_on(s, &h)) {
		s->rests_ns = 0;
		s->by = RP_BY_RUNTIME;
	} else {
		rp_current_leave();
		rp_current_take(&h);
	}
	return NULL;
}

void *rp_node_rest(void *env, void *info)
{
	struct rp_self *s = &rp_self;

	(void)env;
	(void)info;
	if (s->armed == RP_ARMED)
		s->rests_ns = rp_mono_ns();
	else
		rp_current_leave();
	return NULL;
}

/* Where others are asked for as well, it could be any of them. */
static uint32_t asked_on(int fd)
{
	struct rp_conn *c = rp_conn_of(fd);
	struct rp_run *run = c && !c->h2 ? rp_pending_single(&c->pending) : NULL;

	return run && run->request < RP_MAX_REQUESTS ? run->serial : 0;
}

void *rp_node_look(void *env, void *info)
{
	struct rp_self *s = &rp_self;
	bool asks = atomic_load(&rp_n_live) && !(rp_current_off() & 1u << RP_BY_RUNTIME);

	(void)env;
	(void)info;
	if (!s->node)
		return NULL;
	s->node[RP_NODE_ASKS] = s->runtime = asks;
	s->node[RP_NODE_NUMBER] = asks ? asked_on((int)s->node[RP_NODE_NUMBER]) : 0;
	return NULL;
}
