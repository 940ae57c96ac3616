/* bench_constant.c - does the time of a refusal tell how much of a key was right?
 *
 * Room: tests.  Two classes of wrong keys, in a random order: wrong in the first byte, wrong in the
 * last.  What is printed is Welch's t of their times, the largest over what is left when the
 * slowest are cut away at several places; beyond 10 they differ.  memcmp is measured in the same
 * way, to show that a difference would be seen.  "bench_constant N" measures N times (400000).
 * SPDX-License-Identifier: MIT
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "preload/hot/trigger.h"
#include "tests/bench/pairs.h"

enum { KEY = 64, BATCH = 8, CUTS = 12, NOW = 1800000000, USUAL = 400000 };

static struct rp_trigger_rules rules = {.name = "profile", .has_secret = true, .n_secrets = 1};
static char secret[KEY], token[RP_TOKEN_BYTES];
static size_t n_token;
static volatile unsigned sink;

/* By the same code for both classes: only the bytes differ. */
static void by_secret(const char *key, size_t n)
{
	sink += rp_trigger_secret_ok(&rules, (struct rp_span){key, n});
}

static void by_token(const char *key, size_t n)
{
	struct rp_token t;

	sink += rp_token_read(&t, key, n, rules.secrets, rules.n_secrets, NOW);
}

static void by_memcmp(const char *key, size_t n)
{
	static int (*volatile compare)(const void *, const void *, size_t) = memcmp;

	sink += compare(key, secret, n) == 0;
}

static void by_bytes(const char *key, size_t n)
{
	size_t i = 0;

	while (i < n && ((volatile char *)secret)[i] == key[i])
		i++;
	sink += i == n;
}

static uint64_t random_bits(void)
{
	static uint64_t x = 88172645463325252u;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return x;
}

struct sample {
	float ns;
	uint8_t class;
};

static int by_time(const void *a, const void *b)
{
	float x = ((const struct sample *)a)->ns, y = ((const struct sample *)b)->ns;

	return (x > y) - (x < y);
}

static double welch(const struct sample *s, size_t n)
{
	double sum[2] = {0}, square[2] = {0}, count[2] = {0};

	for (size_t i = 0; i < n; i++) {
		count[s[i].class]++;
		sum[s[i].class] += s[i].ns;
		square[s[i].class] += (double)s[i].ns * s[i].ns;
	}
	double spread = 0;

	for (int c = 0; c < 2; c++) {
		if (count[c] < 2)
			return 0;
		sum[c] /= count[c];
		spread += (square[c] / count[c] - sum[c] * sum[c]) / count[c];
	}
	return spread > 0 ? fabs(sum[0] - sum[1]) / sqrt(spread) : 0;
}

/* The classes' keys stand in the same place: where they lie must not be what is measured. */
static double largest_t(void (*judge)(const char *, size_t), const char *good, size_t n_good,
                        size_t first, size_t n)
{
	struct sample *samples = calloc(n, sizeof(*samples));
	char key[RP_TOKEN_BYTES];
	double most = 0;

	for (size_t i = 0; samples && i < n; i++) {
		uint8_t class = random_bits() >> 40 & 1;

		memcpy(key, good, n_good);
		key[class ? n_good - 1 : first] ^= 1; /* a hex digit stays one */
		double before = now_ns();

		for (int k = 0; k < BATCH; k++)
			judge(key, n_good);
		samples[i] = (struct sample){(float)(now_ns() - before), class};
	}
	if (samples)
		qsort(samples, n, sizeof(*samples), by_time);
	for (int cut = 0; samples && cut < CUTS; cut++) {
		double t = welch(samples, (size_t)((double)n * (1 - pow(0.5, cut + 1) / 2)));

		most = t > most ? t : most;
	}
	free(samples);
	return most;
}

int main(int argc, char **argv)
{
	size_t n = argc > 1 ? (size_t)strtoul(argv[1], NULL, 10) : USUAL;
	struct rp_token t = {.exp_s = NOW + 60, .nonce = 1, .scope = RP_SCOPE_HTML};

	for (size_t i = 0; i < KEY; i++)
		secret[i] = "0123456789abcdef"[random_bits() >> 20 & 15];
	(void)rp_secret_set(&rules.secrets[0], secret, KEY);
	n_token = rp_token_write(token, &t, &rules.secrets[0]);
	say_value("refusal: t, the secret's first against its last byte", "-", "<=10",
	          largest_t(by_secret, secret, KEY, 0, n));
	say_value("refusal: t, a signature's first against its last digit", "-", "<=10",
	          largest_t(by_token, token, n_token, n_token - 64, n));
	say_value("the same of memcmp, which is not used", "-", "-",
	          largest_t(by_memcmp, secret, KEY, 0, n));
	say_value("the same of a loop that stops", "-", "-",
	          largest_t(by_bytes, secret, KEY, 0, n));
	return 0;
}
