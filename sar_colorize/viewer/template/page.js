"use strict";
(async () => {
  const about = JSON.parse(document.getElementById("about").textContent);
  const { width, height, place } = about;
  const $ = (id) => document.getElementById(id);
  const map = $("map"), view = $("view"), pen = view.getContext("2d"), swipe = $("swipe");
  const layers = about.layers.map((layer, number) => ({ ...layer, number, image: $(`layer-${number}`) }));
  await Promise.all(layers.map((layer) => layer.image.decode()));
  const pictures = layers.filter((layer) => layer.kind !== "values");
  const values = layers.filter((layer) => layer.kind === "values");

  // What is shown: the middle of the view in pixels of the pictures, CSS pixels for each of them, the divider 0..1.
  const state = { x: width / 2, y: height / 2, zoom: 1, split: 0.5, left: null, right: null, over: null, opacity: 0.7 };
  const clamp = (value, low, high) => Math.min(high, Math.max(low, value));
  const size = () => ({ w: map.clientWidth, h: map.clientHeight });
  const fitZoom = () => { const { w, h } = size(); return Math.min(w / width, h / height); };
  const toPicture = (px, py) => {
    const { w, h } = size();
    return [state.x + (px - w / 2) / state.zoom, state.y + (py - h / 2) / state.zoom];
  };

  // Colours of values, from low to high.
  const RAMPS = {
    error: ["#0d0829", "#51127c", "#b63679", "#fb8861", "#fcfdbf"],
    memory: ["#f4f1e8", "#9fc8c6", "#3c8f93", "#12525f"],
    changed: ["#f4f1e8", "#f3c18a", "#d97a3a", "#8c2d1c"],
  };
  const parts = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
  const onRamp = (ramp, share) => {
    const at = clamp(share, 0, 1) * (ramp.length - 1), first = Math.min(ramp.length - 2, Math.floor(at));
    const low = parts(ramp[first]), high = parts(ramp[first + 1]);
    return low.map((value, n) => value + (at - first) * (high[n] - value));
  };
  for (const layer of values) {
    const canvas = document.createElement("canvas");
    canvas.width = layer.image.naturalWidth; canvas.height = layer.image.naturalHeight;
    const brush = canvas.getContext("2d", { willReadFrequently: true });
    brush.drawImage(layer.image, 0, 0);
    const data = brush.getImageData(0, 0, canvas.width, canvas.height), pixels = data.data;
    layer.codes = new Int16Array(canvas.width * canvas.height);
    const colours = Array.from({ length: 256 }, (_, code) => layer.kinds ? parts((layer.kinds[code] || ["", "#808080"])[1]) :
      onRamp(RAMPS[layer.ramp], (code * layer.scale - layer.low) / (layer.high - layer.low)));
    for (let n = 0; n < layer.codes.length; n++) {
      const at = 4 * n, seen = pixels[at + 3] > 127;
      layer.codes[n] = seen ? pixels[at] : -1;
      const [r, g, b] = colours[pixels[at]];
      pixels[at] = r; pixels[at + 1] = g; pixels[at + 2] = b; pixels[at + 3] = seen ? 255 : 0;
    }
    brush.putImageData(data, 0, 0);
    layer.canvas = canvas;
  }

  // Drawing.
  let waiting = false;
  const redraw = () => { if (!waiting) { waiting = true; requestAnimationFrame(() => { waiting = false; draw(); }); } };
  const put = (image, iw, ih) => {
    const { w, h } = size(), [x0, y0] = toPicture(0, 0), [x1, y1] = toPicture(w, h);
    const l = Math.max(0, x0), t = Math.max(0, y0), r = Math.min(width, x1), b = Math.min(height, y1);
    if (r <= l || b <= t) return;
    const sx = iw / width, sy = ih / height, z = state.zoom;
    pen.drawImage(image, l * sx, t * sy, (r - l) * sx, (b - t) * sy, (l - x0) * z, (t - y0) * z, (r - l) * z, (b - t) * z);
  };
  const draw = () => {
    const { w, h } = size(), ratio = devicePixelRatio || 1, middle = w * state.split;
    if (view.width !== Math.round(w * ratio) || view.height !== Math.round(h * ratio)) {
      view.width = Math.round(w * ratio); view.height = Math.round(h * ratio);
    }
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, w, h);
    pen.imageSmoothingEnabled = state.zoom * ratio < 3;
    pen.imageSmoothingQuality = "high";
    const sides = pictures.length > 1 ? [[state.left, 0, middle], [state.right, middle, w]] : [[state.right, 0, w]];
    for (const [layer, from, to] of sides) {
      pen.save();
      pen.beginPath(); pen.rect(from, 0, to - from, h); pen.clip();
      put(layer.image, layer.image.naturalWidth, layer.image.naturalHeight);
      pen.restore();
    }
    if (state.over) {
      pen.globalAlpha = state.opacity;
      pen.imageSmoothingEnabled &&= !state.over.kinds;
      put(state.over.canvas, state.over.canvas.width, state.over.canvas.height);
      pen.globalAlpha = 1;
    }
    swipe.style.left = `${middle}px`;
    swipe.setAttribute("aria-valuenow", Math.round(100 * state.split));
    ground();
  };

  // Where a point is: exact in the pictures' CRS, blended between the lattice's points in longitude and latitude.
  const inCrs = (x, y) => {
    const [a, b, c, d, e, f] = place.affine;
    return [a * x + b * y + c, d * x + e * y + f];
  };
  const lonLat = (x, y) => {
    const { size: n, lon, lat } = place.lonlat, u = clamp(x / width, 0, 1) * (n - 1), v = clamp(y / height, 0, 1) * (n - 1);
    const i = Math.min(n - 2, Math.floor(u)), j = Math.min(n - 2, Math.floor(v)), p = u - i, q = v - j, at = j * n + i;
    const blend = (g) => (1 - q) * ((1 - p) * g[at] + p * g[at + 1]) + q * ((1 - p) * g[at + n] + p * g[at + n + 1]);
    return [blend(lon), blend(lat)];
  };
  const RADIANS = Math.PI / 180, EARTH_M = 6371008.8;
  const apart = ([lon1, lat1], [lon2, lat2]) => {  // metres east and north, for points that are near
    return [(lon2 - lon1) * RADIANS * EARTH_M * Math.cos((lat1 + lat2) / 2 * RADIANS), (lat2 - lat1) * RADIANS * EARTH_M];
  };
  const degrees = (value, marks, digits) => `${Math.abs(value).toFixed(digits)}° ${marks[value < 0 ? 1 : 0]}`;
  const wrapped = (lon) => ((lon + 180) % 360 + 360) % 360 - 180;
  const ground = () => {
    const box = document.querySelector(".ground");
    box.hidden = !place.lonlat;
    if (!place.lonlat) return;
    const x = clamp(state.x, 0, width), y = clamp(state.y, 0, height), step = Math.max(1, Math.min(width, height) / 50);
    const x0 = clamp(x - step / 2, 0, width - step), y0 = clamp(y - step / 2, 0, height - step);
    const here = lonLat(x0, y0), right = apart(here, lonLat(x0 + step, y0)), down = apart(here, lonLat(x0, y0 + step));
    const metres = Math.hypot(...right) / step / state.zoom, most = Math.min(160, size().w / 4) * metres;
    const power = 10 ** Math.floor(Math.log10(most)), nice = [5, 2, 1].find((k) => k * power <= most) * power;
    $("scale-text").textContent = nice >= 1000 ? `${nice / 1000} km` : `${+nice.toPrecision(1)} m`;
    $("scale-bar").style.width = `${nice / metres}px`;
    // North in the picture: the direction in which a step gains latitude alone.
    const [re, rn] = right, [de, dn] = down, area = re * dn - rn * de;
    const towards = [-de / area, re / area];
    $("north").style.transform = `rotate(${Math.atan2(towards[0], -towards[1]) / RADIANS}deg)`;
  };
  const show = (px, py) => {
    const [x, y] = toPicture(px, py);
    if (x < 0 || y < 0 || x >= width || y >= height) { $("where").textContent = ""; return; }
    const lines = [];
    if (place.lonlat) {
      const [lon, lat] = lonLat(x, y);
      lines.push(`${degrees(lat, "NS", 5)}  ${degrees(wrapped(lon), "EW", 5)}`);
    }
    if (place.affine && !(place.geographic && place.lonlat)) {
      const [e, n] = inCrs(x, y), digits = place.geographic ? 5 : 0;
      lines.push(`${e.toFixed(digits)}, ${n.toFixed(digits)}  ${place.crs.split(",")[0]}`);
    }
    if (!place.affine) lines.push(`column ${Math.floor(x)}, row ${Math.floor(y)}`);
    for (const layer of values) {
      const c = layer.canvas, code = layer.codes[Math.floor(y / height * c.height) * c.width + Math.floor(x / width * c.width)];
      const value = layer.kinds ? (layer.kinds[code] || ["unknown"])[0] : `${(code * layer.scale).toFixed(layer.digits)} ${layer.unit}`;
      if (code >= 0) lines.push(`${layer.title} ${value}`);
    }
    $("where").textContent = lines.join("\n");
  };

  // Moving.
  const keep = () => {
    state.zoom = clamp(state.zoom, Math.min(fitZoom(), 1) / 2, 32);
    state.x = clamp(state.x, 0, width); state.y = clamp(state.y, 0, height);
  };
  let remembering = 0;
  const changed = () => {
    keep(); redraw();
    clearTimeout(remembering);
    remembering = setTimeout(remember, 300);
  };
  const zoomAt = (factor, px, py) => {
    const { w, h } = size(), [x, y] = toPicture(px, py);
    state.zoom = clamp(state.zoom * factor, Math.min(fitZoom(), 1) / 2, 32);
    state.x = x - (px - w / 2) / state.zoom; state.y = y - (py - h / 2) / state.zoom;
    changed();
  };
  const zoomMiddle = (factor) => { const { w, h } = size(); zoomAt(factor, w / 2, h / 2); };
  const fit = () => { Object.assign(state, { x: width / 2, y: height / 2, zoom: fitZoom() }); changed(); };
  const divide = (split) => { state.split = clamp(split, 0, 1); changed(); };
  const local = (event) => { const box = map.getBoundingClientRect(); return [event.clientX - box.left, event.clientY - box.top]; };

  const pointers = new Map();
  view.addEventListener("pointerdown", (event) => {
    view.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, local(event));
    view.classList.add("moving");
  });
  view.addEventListener("pointermove", (event) => {
    const now = local(event), before = pointers.get(event.pointerId);
    show(...now);
    if (!before) return;
    const other = [...pointers].find(([id]) => id !== event.pointerId);
    if (other) {  // two fingers: what is under them stays under them
      const [ox, oy] = other[1], spread = (p) => Math.hypot(p[0] - ox, p[1] - oy);
      zoomAt(spread(now) / Math.max(1, spread(before)), (now[0] + ox) / 2, (now[1] + oy) / 2);
      state.x -= (now[0] - before[0]) / 2 / state.zoom; state.y -= (now[1] - before[1]) / 2 / state.zoom;
    } else {
      state.x -= (now[0] - before[0]) / state.zoom; state.y -= (now[1] - before[1]) / state.zoom;
    }
    pointers.set(event.pointerId, now);
    changed();
  });
  for (const name of ["pointerup", "pointercancel"]) {
    view.addEventListener(name, (event) => {
      pointers.delete(event.pointerId);
      if (!pointers.size) view.classList.remove("moving");
    });
  }
  view.addEventListener("pointerleave", () => { if (!pointers.size) $("where").textContent = ""; });
  view.addEventListener("dblclick", (event) => zoomAt(2, ...local(event)));
  map.addEventListener("wheel", (event) => {
    event.preventDefault();
    zoomAt(2 ** (-event.deltaY * (event.deltaMode === 1 ? 20 : 1) / 300), ...local(event));
  }, { passive: false });
  swipe.addEventListener("pointerdown", (event) => { swipe.setPointerCapture(event.pointerId); swipe.focus(); });
  swipe.addEventListener("pointermove", (event) => {
    if (swipe.hasPointerCapture(event.pointerId)) divide(local(event)[0] / size().w);
  });
  const SPLITS = { ArrowLeft: -0.02, ArrowRight: 0.02, ArrowDown: -0.02, ArrowUp: 0.02, PageDown: -0.1, PageUp: 0.1 };
  swipe.addEventListener("keydown", (event) => {
    const to = event.key in SPLITS ? state.split + SPLITS[event.key] : { Home: 0, End: 1 }[event.key];
    if (to !== undefined) { divide(to); event.preventDefault(); event.stopPropagation(); }
  });
  const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  map.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.tagName === "SELECT") return;
    if (event.key in MOVES) {
      state.x += MOVES[event.key][0] * 80 / state.zoom; state.y += MOVES[event.key][1] * 80 / state.zoom;
      changed();
    } else if (event.key === "+" || event.key === "=") zoomMiddle(1.5);
    else if (event.key === "-") zoomMiddle(1 / 1.5);
    else if (event.key === "0") fit();
    else if (event.key === "," || event.key === ".") divide(state.split + (event.key === "," ? -0.05 : 0.05));
    else return;
    event.preventDefault();
  });
  $("zoom-in").addEventListener("click", () => zoomMiddle(1.6));
  $("zoom-out").addEventListener("click", () => zoomMiddle(1 / 1.6));
  $("fit").addEventListener("click", fit);
  const open = (yes) => { document.body.classList.toggle("closed", !yes); $("toggle").setAttribute("aria-expanded", yes); };
  $("toggle").addEventListener("click", () => open(document.body.classList.contains("closed")));

  // What is chosen.
  for (const side of ["left", "right"]) {
    const list = $(side);
    for (const layer of pictures) list.add(new Option(layer.title, layer.number));
    list.addEventListener("change", () => { state[side] = layers[+list.value]; changed(); });
  }
  const choose = (side, layer) => { state[side] = layer; $(side).value = layer.number; };
  choose("right", pictures[0]);
  choose("left", pictures.find((layer) => layer.kind === "radar") || pictures[1] || pictures[0]);
  if (pictures.length < 2) {
    swipe.hidden = $("side-left").hidden = $("right").disabled = true;
    $("side-right").classList.add("only");
  }
  const overlay = (layer) => {
    state.over = layer;
    $("overlay").hidden = !layer;
    $("ramps").hidden = !layer || !!layer.kinds;
    $("codes").hidden = !layer || !layer.kinds;
    if (layer && layer.kinds) {
      $("codes").replaceChildren(...Object.values(layer.kinds).map(([name, colour]) => {
        const item = document.createElement("li"), patch = document.createElement("i");
        patch.style.background = colour;
        item.append(patch, name);
        return item;
      }));
    } else if (layer) {
      $("ramp").style.background = `linear-gradient(90deg, ${RAMPS[layer.ramp].join(", ")})`;
      $("ramp-low").textContent = layer.low; $("ramp-unit").textContent = layer.unit;
      $("ramp-high").textContent = layer.ramp === "error" ? `${layer.high} or more` : layer.high;
    }
    changed();
  };
  $("overlays").hidden = !values.length;
  for (const layer of [null, ...values]) {
    const label = document.createElement("label"), input = document.createElement("input"), text = document.createElement("span");
    input.type = "radio"; input.name = "over"; input.checked = !layer; input.value = layer ? layer.number : "";
    text.textContent = layer ? layer.title : "Nothing";
    input.addEventListener("change", () => overlay(layer));
    label.append(input, text);
    $("choices").append(label);
  }
  $("opacity").addEventListener("input", (event) => { state.opacity = event.target.value / 100; changed(); });

  // The address remembers what is shown, so that a place can be found again.
  function remember() {
    const found = { x: state.x.toFixed(1), y: state.y.toFixed(1), z: state.zoom.toPrecision(4), s: state.split.toFixed(3),
      l: state.left.number, r: state.right.number, ...(state.over ? { v: state.over.number } : {}) };
    try { history.replaceState(null, "", `#${new URLSearchParams(found)}`); } catch { /* not allowed here */ }
  }
  const recall = () => {
    const given = new URLSearchParams(location.hash.slice(1));
    const number = (name, usual) => { const value = parseFloat(given.get(name)); return Number.isFinite(value) ? value : usual; };
    Object.assign(state, { x: number("x", width / 2), y: number("y", height / 2), zoom: number("z", fitZoom()), split: clamp(number("s", 0.5), 0, 1) });
    for (const [side, name] of [["left", "l"], ["right", "r"]]) {
      const layer = layers[number(name, -1)];
      if (layer && layer.kind !== "values") choose(side, layer);
    }
    const over = layers[number("v", -1)];
    if (over && over.kind === "values") {
      document.querySelector(`input[name=over][value="${over.number}"]`).checked = true;
      overlay(over);
    }
    changed();
  };
  addEventListener("hashchange", recall);
  let fitted = true;
  new ResizeObserver(() => { if (fitted && !location.hash) state.zoom = fitZoom(); changed(); }).observe(map);
  map.addEventListener("pointerdown", () => { fitted = false; });
  recall();
  draw();
  document.documentElement.dataset.ready = "yes";
})();
