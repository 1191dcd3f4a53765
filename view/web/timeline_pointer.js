// SPDX-License-Identifier: LGPL-2.1-or-later
// What the pointer does to lanes: the wheel, drags over lanes, times and minimap, and clicks.
import { GUTTER, MAP } from "./timeline_rows.js";

const NEAREST = 4;     // pixels: a shorter drag is a click
const SNAP = 7;        // pixels within which an edge attracts

function wheel(lanes, event) {
  const isAlong = event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY);
  if (!lanes.window || (!event.ctrlKey && !event.metaKey && !isAlong))
    return;   // the browser scrolls
  event.preventDefault();
  const box = lanes.scroller.getBoundingClientRect();
  const delta = (event.deltaY || event.deltaX) * (event.deltaMode === 1 ? 33 : 1);
  if (event.ctrlKey || event.metaKey)
    lanes.zoom(Math.exp(Math.max(-240, Math.min(240, delta)) * 0.0022),
      lanes.time(Math.max(GUTTER, event.clientX - box.left)), "move");
  else
    lanes.pan((event.deltaX || event.deltaY) / lanes.width, "move");
}

// The edge of what is drawn under the pointer that is nearest, unless Alt is held.
export function snapped(lanes, place, free) {
  const known = lanes.model.known(lanes.window, lanes.columns).get(place.lane);
  let best = place.time, least = SNAP;
  if (free || !known)
    return Math.round(best);
  const { x0, x1 } = lanes.window, step = (x1 - x0) / lanes.columns;
  for (let i = 0; i < known.n; i++)
    for (const column of [known.column[i], known.column[i] + known.columns[i]]) {
      const time = x0 + column * step, distance = Math.abs(lanes.x(time) - place.x);
      if (distance < least)
        [best, least] = [time, distance];
    }
  return Math.round(best);
}

// A drag: begun, moved, ended.
const DRAGS = {
  area: {
    move(lanes, drag, place) {
      const to = place.time;
      lanes.onArea(Math.min(drag.time, to), Math.max(drag.time, to), false);
    },
    end(lanes, drag, place, event) {
      const [from, to] = [drag, place].map(p => snapped(lanes, p, event.altKey));
      lanes.onArea(Math.min(from, to), Math.max(from, to), true);
    },
  },
  pan: {
    move(lanes, drag, place) {
      const { x0, x1 } = drag.window, by = (drag.x - place.x) / lanes.width * (x1 - x0);
      lanes.scroller.classList.add("panning");
      lanes.scroller.scrollTop = drag.scroll + drag.y - place.y;
      lanes.go({ x0: x0 + by, x1: x1 + by }, "move");
    },
    end(lanes) {
      lanes.onWindow(lanes.window, "ended");
    },
  },
};

function listenToLanes(lanes) {
  const { over, scroller } = lanes;
  let drag = null;
  const placeOf = event => {
    const box = scroller.getBoundingClientRect();
    return lanes.placeAt(event.clientX - box.left, event.clientY - box.top);
  };
  over.addEventListener("pointerdown", event => {
    if (!lanes.window || event.button > 1)
      return;
    const place = placeOf(event);
    scroller.focus({ preventScroll: true });
    over.setPointerCapture(event.pointerId);
    drag = { ...place, window: { ...lanes.window }, scroll: scroller.scrollTop, moved: false,
      kind: DRAGS[event.shiftKey || event.button === 1 ? "pan" : "area"] };
    event.preventDefault();
  });
  over.addEventListener("pointermove", event => {
    if (!lanes.window)
      return;
    const place = placeOf(event);
    if (!drag) {
      lanes.onPoint(place);
      return;
    }
    drag.moved ||= Math.hypot(place.x - drag.x, place.y - drag.y) > NEAREST;
    if (drag.moved && drag.x >= GUTTER)
      drag.kind.move(lanes, drag, place);
  });
  const end = event => {
    if (!drag)
      return;
    const place = placeOf(event), { moved, kind } = drag;
    scroller.classList.remove("panning");
    if (event.type === "pointerup" && !moved)
      lanes.onClick(place, event);
    else if (moved && drag.x >= GUTTER)
      kind.end(lanes, drag, place, event);
    drag = null;
  };
  over.addEventListener("pointerup", end);
  over.addEventListener("pointercancel", end);
  over.addEventListener("pointerleave", () => {
    if (!drag)
      lanes.onPoint(null);
  });
  over.addEventListener("dblclick", event => lanes.onDouble(placeOf(event)));
}

// In the minimap a drag moves the window, outside of it makes one; the times are dragged along.
function listenToTop(lanes) {
  const { top } = lanes;
  let drag = null;
  const place = event => {
    const box = top.getBoundingClientRect(), x = event.clientX - box.left;
    const { x0, x1 } = lanes.whole;
    return { x, y: event.clientY - box.top, time: x0 + (x - GUTTER) / lanes.width * (x1 - x0) };
  };
  top.addEventListener("pointerdown", event => {
    if (!lanes.window)
      return;
    const from = place(event), { x0, x1 } = lanes.window;
    const isOnMap = from.y < MAP, isInside = from.time >= x0 && from.time <= x1;
    top.setPointerCapture(event.pointerId);
    drag = { ...from, window: { x0, x1 }, isOnMap, isNew: isOnMap && !isInside };
    event.preventDefault();
  });
  top.addEventListener("pointermove", event => {
    if (!drag)
      return;
    const to = place(event), { x0, x1 } = drag.window;
    if (drag.isNew && Math.abs(to.x - drag.x) > NEAREST) {
      lanes.go({ x0: Math.min(drag.time, to.time), x1: Math.max(drag.time, to.time) }, "move");
    } else if (!drag.isNew) {
      const by = drag.isOnMap ? to.time - drag.time
        : (drag.x - to.x) / lanes.width * (x1 - x0);
      lanes.go({ x0: x0 + by, x1: x1 + by }, "move");
    }
  });
  const end = event => {
    if (drag?.isNew && Math.abs(place(event).x - drag.x) <= NEAREST) {
      const half = (drag.window.x1 - drag.window.x0) / 2;
      lanes.go({ x0: drag.time - half, x1: drag.time + half }, "move");
    }
    if (drag)
      lanes.onWindow(lanes.window, "ended");
    drag = null;
  };
  top.addEventListener("pointerup", end);
  top.addEventListener("pointercancel", end);
}

export function listenTo(lanes) {
  for (const canvas of [lanes.scroller, lanes.top])
    canvas.addEventListener("wheel", event => wheel(lanes, event), { passive: false });
  listenToLanes(lanes);
  listenToTop(lanes);
}
