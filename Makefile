# SPDX-License-Identifier: LGPL-2.1-or-later
# For hands that type make; meson.build is what builds schedtrace.
jobs = $(filter -j%,$(MAKEFLAGS))

all: build/make/build.ninja
	ninja -C build/make $(jobs)

build/make/build.ninja:
	meson setup build/make -Dtests=false

check:
	./check

install: all
	meson install -C build/make --no-rebuild

clean:
	rm -rf build/make

.PHONY: all check install clean
