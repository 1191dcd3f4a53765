/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What makes a flame graph move: a click zooms, a search paints what it finds. */
#ifndef ANALYZE_FLAME_SCRIPT_H
#define ANALYZE_FLAME_SCRIPT_H

/*
 * JavaScript without anything outside of it, for the end of an SVG. It knows the frames as the
 * groups with a title "NAME: FIGURES" and a rectangle within the group "frames", the root first;
 * and the texts "reset", "search", "case", "details" and "matched", which are there for it alone.
 */
extern const char flame_script[];

#endif
