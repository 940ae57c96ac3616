/* sandboxed.h - does a filter of system calls (seccomp) lie on us, and whose is it?
 *
 * Room: cold.  A filter may kill whoever asks for what it does not know.  One that was there before
 * the constructor is that of a container or a service, in which programs start programs; one that
 * came later is the host's own, and may allow no more than the host itself does.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_COLD_SANDBOXED_H
#define RP_COLD_SANDBOXED_H

enum rp_sandbox { RP_SANDBOX_NONE, RP_SANDBOX_BORN, RP_SANDBOX_OWN };

/* In the constructor. */
void rp_sandboxed_boot(void);

/* That of the calling thread; OWN where it cannot be known.  Of a host that was born in one a
 * filter of its own cannot be told from it. */
enum rp_sandbox rp_sandboxed(void);

/* What was found last, without asking: OWN before anybody did. */
enum rp_sandbox rp_sandboxed_last(void);

#endif
