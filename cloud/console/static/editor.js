"use strict";
// Draws the lines of the text over the picture, and sets corners of the line in which the cursor is.
const drawing = document.getElementById("drawing");
const text = document.querySelector("#proposal textarea");

function corners(line) {
  return [...line.slice(line.indexOf(":") + 1).matchAll(/([\d.]+),([\d.]+)/g)].map((found) => [Number(found[1]), Number(found[2])]);
}

function shape(name, attributes) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) { made.setAttribute(key, value); }
  return made;
}

function start(drawing, text) {
  const over = drawing.querySelector("svg");
  let cross = [0.5, 0.5];
  let current = 0;

  function draw() {
    const shapes = text.value.split("\n").map((line, number) => shape("polygon", {
      class: `${line.startsWith("zone") ? "zone" : "mask"}${number === current ? " chosen" : ""}`,
      points: corners(line).map(([x, y]) => `${Math.round(x * 1000)},${Math.round(y * 1000)}`).join(" "),
    }));
    const [x, y] = cross.map((one) => one * 1000);
    const path = `M${x - 15} ${y}H${x + 15}M${x} ${y - 25}V${y + 25}`;
    over.replaceChildren(...shapes, shape("path", { class: "cross", d: path }));
  }

  function change(edit) {
    const lines = text.value.split("\n");
    lines[current] = edit(lines[current] || "zone new:");
    text.value = lines.join("\n");
    draw();
  }

  function add(x, y) { change((line) => `${line.trimEnd()}${line.includes(":") ? "" : ":"} ${x.toFixed(3)},${y.toFixed(3)}`); }

  function follow() { current = text.value.slice(0, text.selectionStart).split("\n").length - 1; draw(); }

  for (const name of ["input", "keyup", "click", "focus"]) { text.addEventListener(name, follow); }
  drawing.addEventListener("click", (event) => {
    const at = drawing.getBoundingClientRect();
    cross = [(event.clientX - at.left) / at.width, (event.clientY - at.top) / at.height];
    add(...cross);
  });
  drawing.addEventListener("keydown", (event) => {
    const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    if (event.key in moves) {
      const by = event.shiftKey ? 0.1 : 0.02;
      cross = cross.map((one, axis) => Math.min(1, Math.max(0, one + by * moves[event.key][axis])));
      draw();
    } else if (event.key === "Enter") { add(...cross); } else if (event.key === "Backspace") { change((line) => line.replace(/\s*[\d.]+,[\d.]+\s*$/, "")); } else { return; }
    event.preventDefault();
  });
  draw();
}

if (drawing && text) { start(drawing, text); }
