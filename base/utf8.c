/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/utf8.h"

size_t utf8_decode(const char *text, uint32_t *code)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *s = (const unsigned char *)text;
	uint32_t value = s[0];
	size_t n = 1;

	if (s[0] >= 0x80) {
		if (s[0] < 0xc2 || s[0] > 0xf4)
			return 0;
		n = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
		value &= 0x7fu >> n;
	}
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80) /* the terminating NUL too */
			return 0;
		value = value << 6 | (s[i] & 0x3f);
	}
	if (value < least[n] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
		return 0;
	if (code)
		*code = value;
	return n;
}
