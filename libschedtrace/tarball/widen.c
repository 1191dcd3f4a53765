/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "libschedtrace/tarball/widen.h"

#include <byteswap.h>
#include <string.h>

#define same(x) (x)

/* One loop a type, so that the compiler can vectorise each. */
#define WIDEN(in_type, raw_type, swap, out_type)                                                   \
	do {                                                                                       \
		const uint8_t *p_ = in;                                                            \
		out_type *o_ = out;                                                                \
		for (size_t i_ = 0; i_ < n; i_++) {                                                \
			raw_type raw_;                                                             \
			memcpy(&raw_, p_ + i_ * sizeof(raw_), sizeof(raw_));                       \
			o_[i_] = (out_type)(in_type)swap(raw_);                                    \
		}                                                                                  \
		return n;                                                                          \
	} while (0)

#define WIDEN_TO(out_type)                                                                         \
	switch (npy->width * 4 + (npy->kind == 'i') * 2 + npy->big_endian) {                       \
	case 4:                                                                                    \
	case 5:                                                                                    \
		WIDEN(uint8_t, uint8_t, same, out_type);                                           \
	case 6:                                                                                    \
	case 7:                                                                                    \
		WIDEN(int8_t, uint8_t, same, out_type);                                            \
	case 8:                                                                                    \
		WIDEN(uint16_t, uint16_t, same, out_type);                                         \
	case 9:                                                                                    \
		WIDEN(uint16_t, uint16_t, bswap_16, out_type);                                     \
	case 10:                                                                                   \
		WIDEN(int16_t, uint16_t, same, out_type);                                          \
	case 11:                                                                                   \
		WIDEN(int16_t, uint16_t, bswap_16, out_type);                                      \
	case 16:                                                                                   \
		WIDEN(uint32_t, uint32_t, same, out_type);                                         \
	case 17:                                                                                   \
		WIDEN(uint32_t, uint32_t, bswap_32, out_type);                                     \
	case 18:                                                                                   \
		WIDEN(int32_t, uint32_t, same, out_type);                                          \
	case 19:                                                                                   \
		WIDEN(int32_t, uint32_t, bswap_32, out_type);                                      \
	case 32:                                                                                   \
	case 34:                                                                                   \
		WIDEN(int64_t, uint64_t, same, out_type);                                          \
	case 33:                                                                                   \
	case 35:                                                                                   \
		WIDEN(int64_t, uint64_t, bswap_64, out_type);                                      \
	default:                                                                                   \
		return 0;                                                                          \
	}

/* Unsigned values of 8 bytes keep their bits: an address above 2^63 is the same bits negative. */
static size_t widen_to_64(const struct npy_header *npy, const void *in, size_t n, int64_t *out)
{
	WIDEN_TO(int64_t)
}

/* So do those of 4 bytes: an unknown pid may be stored as 2^32 - 1. */
static size_t widen_to_32(const struct npy_header *npy, const void *in, size_t n, int32_t *out)
{
	WIDEN_TO(int32_t)
}

static size_t narrow(const struct npy_header *npy, const uint8_t *in, size_t n, int32_t *out)
{
	bool is_signed = npy->kind == 'i';

	for (size_t i = 0; i < n; i++) {
		uint64_t raw;
		int64_t value;

		memcpy(&raw, in + i * 8, 8);
		value = (int64_t)(npy->big_endian ? bswap_64(raw) : raw);
		if (is_signed ? value != (int32_t)value : (uint64_t)value > INT32_MAX)
			return i;
		out[i] = (int32_t)value;
	}
	return n;
}

size_t convert_values(const struct npy_header *npy, const void *in, size_t n, enum column_id column,
		      void *out)
{
	const int64_t *t = out;
	size_t i;

	if (column_types[column].width == 4)
		return npy->width == 8 ? narrow(npy, in, n, out) : widen_to_32(npy, in, n, out);
	widen_to_64(npy, in, n, out);
	if (column != COLUMN_TIMESTAMP || npy->kind == 'i' || npy->width < 8)
		return n;
	for (i = 0; i < n && t[i] >= 0; i++)
		;
	return i;
}

size_t convert_ids(const struct id_map *map, int32_t *ids, size_t n)
{
	uint32_t known = (uint32_t)map->n;
	size_t i;

	for (i = 0; i < n; i++) {
		int32_t own = (uint32_t)ids[i] < known ? map->own[ids[i]] : -1;

		if (own < 0)
			break;
		ids[i] = own;
	}
	return i;
}
