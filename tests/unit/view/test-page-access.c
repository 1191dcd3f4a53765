/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "view/page/page_access.h"

static const char *const proxies[] = { "traces.example" };
static struct access access_of = { .port = 5006, .hosts = proxies, .n_hosts = 1 };

static void a_host_is_a_known_name_with_the_port(void **state)
{
	static const char *const good[] = { "localhost:5006", "LocalHost:5006", "127.0.0.1:5006",
					    "[::1]:5006", "traces.example:5006" };
	static const char *const bad[] = { "",
					   "localhost",
					   "localhost:50060",
					   "localhost:5006 ",
					   "127.0.0.10:5006",
					   "traces.example",
					   "localhost.:5006",
					   "traces.example.com:5006",
					   "xlocalhost:5006",
					   "localhost:5006,localhost:5006" };

	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		assert_true(access_host(&access_of, good[i]));
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		if (access_host(&access_of, bad[i]))
			fail_msg("%s", bad[i]);
}

static void an_origin_is_none_or_such_a_host_by_http(void **state)
{
	assert_true(access_origin(&access_of, ""));
	assert_true(access_origin(&access_of, "http://localhost:5006"));
	assert_false(access_origin(&access_of, "null"));
	assert_false(access_origin(&access_of, "https://localhost:5006"));
	assert_false(access_origin(&access_of, "http://localhost:5006/"));
	assert_false(access_origin(&access_of, "http://localhost"));
	assert_false(access_origin(&access_of, "localhost:5006"));
}

static void a_token_is_taken_whole_and_after_its_scheme(void **state)
{
	char header[64], first[ACCESS_TOKEN_LENGTH + 1];

	assert_int_equal(access_new_token(&access_of, NULL), 0);
	assert_int_equal(strlen(access_of.token), ACCESS_TOKEN_LENGTH);
	snprintf(header, sizeof(header), "Bearer %s", access_of.token);
	assert_true(access_token(&access_of, header));
	header[strlen(header) - 1] ^= 1;
	assert_false(access_token(&access_of, header));
	header[strlen(header) - 1] = '\0';
	assert_false(access_token(&access_of, header));
	snprintf(header, sizeof(header), "bearer %s", access_of.token);
	assert_false(access_token(&access_of, header));
	assert_false(access_token(&access_of, access_of.token));
	assert_false(access_token(&access_of, ""));
	strcpy(first, access_of.token);
	assert_int_equal(access_new_token(&access_of, NULL), 0);
	assert_string_not_equal(first, access_of.token);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_host_is_a_known_name_with_the_port),
		cmocka_unit_test(an_origin_is_none_or_such_a_host_by_http),
		cmocka_unit_test(a_token_is_taken_whole_and_after_its_scheme),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
