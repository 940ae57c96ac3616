/* conn_h2.h - connections of HTTP/2: many requests on one descriptor, told apart by their streams.
 *
 * Room: hot.  Whose a thread is says the call: one that carries frames of one stream is that
 * stream's, one that carries frames of several is nobody's.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_HOT_CONN_H2_H
#define RP_HOT_CONN_H2_H

#include "preload/hot/conn_slot.h"
#include "preload/hot/delim_h2.h"

/* C speaks HTTP/2 from here on.  False, counted: there is no room. */
bool rp_conn_h2_begin(struct rp_conn *c);
/* The same where it was HTTP/1's oldest request that asked for it: that is stream 1. */
bool rp_conn_h2_upgrade(struct rp_conn *c);
/* C is gone. */
void rp_conn_h2_give(struct rp_conn *c);

/* A call begins whose bytes come in (or go out) on C. */
void rp_conn_h2_call(struct rp_conn *c, bool reads);
void rp_conn_h2_heard(int fd, struct rp_conn *c, const char *bytes, size_t n);
void rp_conn_h2_said(int fd, struct rp_conn *c, const char *bytes, size_t n);

/* For whom the thread works after that call; before one on C. */
void rp_conn_h2_bind(struct rp_conn *c, bool reads);
void rp_conn_h2_touch(struct rp_conn *c, bool reads);

/* What its client has said so far; a flagged request of that STREAM is being served. */
const struct rp_h2_in *rp_conn_h2_in(const struct rp_conn *c);
bool rp_conn_h2_flags(const struct rp_conn *c, uint32_t stream);

/* Every followed stream that is still open ends. */
void rp_conn_h2_over(struct rp_conn *c, enum rp_end_how how);

/* Streams without a whole answer. */
unsigned rp_conn_h2_open(const struct rp_conn *c);
/* One stream is open, and the thread works for it. */
bool rp_conn_h2_is_own(struct rp_conn *c);

#endif
