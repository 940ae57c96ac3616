/* test_sha256.c - HMAC-SHA256 against the vectors of RFC 4231.
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#include "store/sha256.h"

#include <stdio.h>
#include <string.h>
#include "tests/support/guard.h"
#include "tests/support/suite.h"

/* A byte repeated when .n is there, else a text. */
struct bytes {
	const char *text;
	uint8_t byte;
	size_t n;
};

/* Test cases 1 to 4, 6 and 7; the fifth shortens its result, which nobody here does. */
static const struct {
	struct bytes key, data;
	const char *mac;
} vectors[] = {
        {{NULL, 0x0b, 20},
         {"Hi There", 0, 0},
         "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
        {{"Jefe", 0, 0},
         {"what do ya want for nothing?", 0, 0},
         "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
        {{NULL, 0xaa, 20},
         {NULL, 0xdd, 50},
         "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
        {{"\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\x11\x12\x13\x14\x15\x16"
          "\x17\x18\x19",
          0, 0},
         {NULL, 0xcd, 50},
         "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"},
        {{NULL, 0xaa, 131},
         {"Test Using Larger Than Block-Size Key - Hash Key First", 0, 0},
         "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
        {{NULL, 0xaa, 131},
         {"This is a test using a larger than block-size key and a larger than block-size data. "
          "The key needs to be hashed before being used by the HMAC algorithm.",
          0, 0},
         "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"},
};

/* Against an unmapped page; its length into N. */
static const void *put(int slot, const struct bytes *b, size_t *n)
{
	char many[256];

	memset(many, b->byte, sizeof(many));
	*n = b->text ? strlen(b->text) : b->n;
	return guard_put(slot, b->text ? b->text : many, *n);
}

START_TEST(the_vectors_of_rfc_4231)
{
	uint8_t mac[RP_SHA256_BYTES];
	char text[2 * sizeof(mac) + 1];
	size_t n_key, n;
	const void *key = put(0, &vectors[_i].key, &n_key);
	const void *data = put(1, &vectors[_i].data, &n);

	rp_hmac_sha256(key, n_key, data, n, mac);
	for (size_t i = 0; i < sizeof(mac); i++)
		sprintf(text + 2 * i, "%02x", mac[i]);
	ck_assert_str_eq(text, vectors[_i].mac);
}
END_TEST

/* Every length around the borders of blocks; the sum is what Python's hmac says. */
START_TEST(every_length_of_text_and_key)
{
	uint8_t mac[RP_SHA256_BYTES], sum[RP_SHA256_BYTES] = {0};
	char text[2 * sizeof(mac) + 1], bytes[200];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)(i * 7 + 1);
	for (size_t n = 0; n < sizeof(bytes); n++) {
		rp_hmac_sha256(guard_put(0, bytes, n), n, guard_put(1, bytes, n), n, mac);
		for (size_t i = 0; i < sizeof(mac); i++)
			sum[i] ^= mac[i];
	}
	for (size_t i = 0; i < sizeof(sum); i++)
		sprintf(text + 2 * i, "%02x", sum[i]);
	ck_assert_str_eq(text, "676a06edaf6bf8142fce2bafb2e8f18d4fdebf38bcd196af46432a08d41be69e");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("store/sha256");
	TCase *tcase = tcase_create("sha256");

	suite_add_tcase(suite, tcase);
	tcase_add_loop_test(tcase, the_vectors_of_rfc_4231, 0, sizeof(vectors) / sizeof(*vectors));
	tcase_add_test(tcase, every_length_of_text_and_key);
	return suite_run(suite);
}
