"use strict";
// Sorts, filters and pages the leaderboard. All text from the data is set as text, never as markup.
(() => {
  const table = document.getElementById("board");
  const data = JSON.parse(document.getElementById("board-data").textContent);
  const columns = data.columns;
  const byId = (name) => document.getElementById(name);
  const WIDTH = 180, HEIGHT = 24, EDGE = 8;
  const SUPERSCRIPT = "⁰¹²³⁴⁵⁶⁷⁸⁹";
  let sorted = { column: 0, down: false };
  let found = data.rows.map((_, index) => index);
  let page = 0;

  // The same texts as the rows that are there from the beginning.
  function precise(value, digits) {
    return String(Number(value.toPrecision(digits)));
  }
  function power(value) {
    const exponent = Math.floor(Math.log10(Math.abs(value)) + 1e-9);
    const factor = precise(value / 10 ** exponent, 2);
    const raised = String(exponent).replace("-", "⁻").replace(/\d/g, (digit) => SUPERSCRIPT[digit]);
    return factor === "1" ? "10" + raised : factor + "·10" + raised;
  }
  function short(value) {
    const size = Math.abs(value);
    for (const [unit, sign] of [[1e9, "G"], [1e6, "M"], [1e4, "k"]])
      if (size >= unit) return size < 1e12 ? precise(value / (sign === "k" ? 1e3 : unit), 3) + sign : power(value);
    if (size > 0 && size < 0.0005) return power(value);
    if (Number.isInteger(value)) return value.toLocaleString("en-US");
    return size < 1000 ? precise(value, 4) : Math.round(value).toLocaleString("en-US");
  }
  function show(cell, kind) {
    if (cell === null) return "";
    if (typeof cell === "string") return cell;
    return kind === "score" ? cell.toFixed(4) : short(cell);
  }

  function svg(name, attributes, parent) {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (parent) parent.append(made);
    return made;
  }
  function placeOf(score) {
    return data.axis[0] + score * (data.axis[1] - data.axis[0]);
  }
  function across(score) {
    const place = placeOf(score);
    return EDGE + Math.min(1, Math.max(0, place)) * (WIDTH - 2 * EDGE);
  }
  function interval([mean, low, high], style) {
    const said = low.toFixed(4) + " to " + high.toFixed(4);
    const drawing = svg("svg", { class: "interval", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": said });
    if (placeOf(mean) < 0) {
      svg("text", { class: "below", x: 0, y: HEIGHT / 2 + 4 }, drawing).textContent = "◂";
      return drawing;
    }
    const middle = HEIGHT / 2;
    const inside = [low, high].filter((end) => placeOf(end) >= 0 && placeOf(end) <= 1);
    const strokes = inside.map((end) => `M${across(end)} ${middle - 6}v12`).join("");
    svg("path", { class: "whisker", d: `M${across(low)} ${middle}H${across(high)}${strokes}` }, drawing);
    svg("circle", { class: "mean " + style, cx: across(mean), cy: middle, r: 5 }, drawing);
    return drawing;
  }
  function styleOf(row) {
    const standing = row[3] || "";
    if (standing.startsWith("★")) return "winner";
    return row[0] ? "once" : standing.startsWith("≈") ? "tied" : "finalist";
  }
  function makeCell(row, at) {
    const kind = columns[at].kind, cell = row[at + 1];
    const made = document.createElement(at === 1 ? "th" : "td");
    if (at === 1) made.scope = "row";
    if (kind !== "text") made.className = "number";
    const inner = at === 1 ? made : made.appendChild(document.createElement("bdi"));
    if (Array.isArray(cell)) inner.append(interval(cell, styleOf(row)));
    else inner.textContent = show(cell, kind);
    return made;
  }
  function makeGroup(group) {
    const body = document.createElement("tbody");
    const line = body.insertRow();
    line.className = "group";
    const head = document.createElement("th");
    head.colSpan = columns.length;
    head.scope = "rowgroup";
    head.append(document.createElement("span"));
    head.firstChild.textContent = data.headings[group];
    line.append(head);
    return body;
  }

  function keyOf(row, at) {
    const cell = row[at + 1];
    return Array.isArray(cell) ? cell[0] : cell;
  }
  // Rows without a value come last, in either direction. The groups stay apart.
  function sort() {
    const { column, down } = sorted;
    const isText = columns[column].kind === "text";
    const keys = data.rows.map((row) => keyOf(row, column));
    const sign = down ? -1 : 1;
    found.sort((a, b) => {
      const x = keys[a], y = keys[b];
      if (data.rows[a][0] !== data.rows[b][0]) return data.rows[a][0] - data.rows[b][0];
      if (x === null || y === null) return (x === null) - (y === null) || a - b;
      const order = isText ? (x < y ? -1 : x > y ? 1 : 0) : x - y;
      return sign * order || a - b;
    });
  }
  let texts = null;
  function filter() {
    texts ||= data.rows.map((row) => row.slice(1).map((cell, at) =>
      Array.isArray(cell) ? "" : show(cell, columns[at].kind)).join(" ").toLowerCase());
    const words = byId("filter").value.toLowerCase().split(/\s+/).filter(Boolean);
    const state = byId("state").value;
    found = [];
    texts.forEach((text, index) => {
      if ((!state || data.states[index] === state) && words.every((word) => text.includes(word))) found.push(index);
    });
    page = 0;
    sort();
  }

  function say() {
    const first = page * data.page, end = Math.min(found.length, first + data.page);
    const range = found.length ? `${first + 1} to ${end} of ${found.length.toLocaleString("en-US")}` : "none";
    const of = found.length < data.rows.length ? ` (filtered from ${data.rows.length.toLocaleString("en-US")})` : "";
    byId("shown").textContent =
      `Shown: ${range}${of}, by ${columns[sorted.column].name}, ${sorted.down ? "largest" : "smallest"} first`;
    byId("first").disabled = byId("back").disabled = page === 0;
    byId("on").disabled = byId("last").disabled = end >= found.length;
    byId("first").parentElement.hidden = found.length <= data.page;
  }
  function draw() {
    for (const body of [...table.tBodies]) body.remove();
    const bodies = new Map();
    for (const index of found.slice(page * data.page, (page + 1) * data.page)) {
      const row = data.rows[index];
      if (!bodies.has(row[0])) bodies.set(row[0], table.appendChild(makeGroup(row[0])));
      const line = bodies.get(row[0]).insertRow();
      for (let at = 0; at < columns.length; at++) line.append(makeCell(row, at));
    }
    say();
  }
  function mark() {
    [...table.tHead.rows[0].cells].forEach((head, at) => {
      const is = at === sorted.column;
      head.setAttribute("aria-sort", is ? (sorted.down ? "descending" : "ascending") : "none");
      head.querySelector(".arrow").textContent = is ? (sorted.down ? "▼" : "▲") : "";
    });
  }
  function turn(to) {
    page = Math.max(0, Math.min(to, Math.ceil(found.length / data.page) - 1));
    draw();
  }
  function sortBy(at) {
    sorted = { column: at, down: sorted.column === at ? !sorted.down : columns[at].kind === "score" };
    page = 0;
    sort();
    mark();
    draw();
  }

  [...table.tHead.rows[0].cells].forEach((head, at) => {
    const name = head.querySelector(".name");
    const button = document.createElement("button");
    const arrow = document.createElement("span");
    button.type = "button";
    arrow.className = "arrow";
    arrow.setAttribute("aria-hidden", "true");
    name.replaceWith(button);
    button.append(...name.childNodes, arrow);
    button.addEventListener("click", () => sortBy(at));
  });
  byId("filter").addEventListener("input", () => { filter(); draw(); });
  byId("state").addEventListener("change", () => { filter(); draw(); });
  byId("first").addEventListener("click", () => turn(0));
  byId("back").addEventListener("click", () => turn(page - 1));
  byId("on").addEventListener("click", () => turn(page + 1));
  byId("last").addEventListener("click", () => turn(Infinity));
  byId("controls").hidden = !data.rows.length;
  mark();
  say();
})();
