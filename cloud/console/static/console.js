"use strict";
// Times as the reader's clock says them, in one form on all pages; without script they stay in UTC.
const two = (number) => String(number).padStart(2, "0");
const dayOf = (at) => `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
const hourOf = (at) => [at.getHours(), at.getMinutes(), at.getSeconds()].map(two).join(":");

function localTimes(root) {
  for (const one of root.querySelectorAll("time[datetime]")) {
    const at = new Date(one.dateTime);
    if (!Number.isNaN(at.getTime())) {
      one.title = one.textContent;
      one.textContent = "hour" in one.dataset ? hourOf(at) : `${dayOf(at)} ${hourOf(at)}`;
    }
  }
}
localTimes(document);

// A picture is as wide as there is room, and no higher than most of the screen: what lies over it keeps its shape.
function fit(root) {
  for (const one of root.querySelectorAll(".stage .frame, .card .frame")) {
    const image = one.querySelector("img");
    if (image) { one.style.maxWidth = `calc(62vh * ${image.getAttribute("width") / image.getAttribute("height")})`; }
  }
}
fit(document);

// A time that is entered is the reader's own too; without script it is UTC.
for (const form of document.querySelectorAll("form[data-missed]")) {
  const { missed_at: when, offset_minutes: offset } = form.elements;
  const at = new Date(`${when.defaultValue}Z`);
  when.value = `${dayOf(at)}T${hourOf(at).slice(0, 5)}`;
  form.querySelector("[data-zone]").textContent = "(your time)";
  form.addEventListener("submit", () => { offset.value = Math.round(new Date(when.value).getTimezoneOffset()); });
}

const list = document.getElementById("list");
const panel = document.getElementById("panel");
const wide = window.matchMedia("(min-width: 60.01rem)");
let chosen = null;
let playing = null;

function put(where, html) {
  const found = new DOMParser().parseFromString(html, "text/html");
  where.replaceChildren(...found.body.childNodes);
  localTimes(where);
  fit(where);
}

async function fetched(address, options) {
  const answer = await fetch(address, { headers: { Accept: "text/html" }, ...options });
  if (answer.redirected && new URL(answer.url).pathname === "/sign-in") { location.assign("/sign-in"); }
  return answer.text();
}

// ---- the list

function rows() { return list ? [...list.querySelectorAll("a.alarm")] : []; }

function mark() {
  for (const row of rows()) {
    if (row.dataset.alarm === chosen) { row.setAttribute("aria-current", "true"); } else { row.removeAttribute("aria-current"); }
  }
}

async function renewList(fresh) {
  const within = list.contains(document.activeElement) ? document.activeElement.dataset.alarm : null;
  const known = new Set(rows().map((row) => row.dataset.alarm));
  put(list, await fetched(`/alarms?${list.dataset.query}${location.search.includes("after=") ? `&${new URLSearchParams({ after: new URLSearchParams(location.search).get("after") })}` : ""}`));
  mark();
  for (const row of rows()) {
    if (fresh && !known.has(row.dataset.alarm)) { row.classList.add("fresh"); }
    if (row.dataset.alarm === within) { row.focus(); }
  }
}

async function choose(id) {
  chosen = id;
  mark();
  stop();
  put(panel, await fetched(`/alarms/${id}/panel`));
}

function step(by) {
  const all = rows();
  if (all.length === 0) { return; }
  const at = all.findIndex((row) => row.dataset.alarm === chosen);
  const next = all[Math.min(all.length - 1, Math.max(0, at < 0 ? 0 : at + by))];
  next.focus();
  if (wide.matches) { choose(next.dataset.alarm); } else { chosen = next.dataset.alarm; }
}

// ---- the panel

function typing() {
  const at = document.activeElement;
  return panel && panel.contains(at) && at.matches("input:not([type=hidden]), select, textarea") && (at.type === "radio" ? at.checked : at.value !== at.defaultValue || at.matches("select"));
}

function show(number) {
  for (const one of panel.querySelectorAll("figure[data-picture]")) { one.hidden = Number(one.dataset.picture) !== number; }
  for (const one of panel.querySelectorAll(".thumb")) { one.setAttribute("aria-pressed", String(Number(one.dataset.show) === number)); }
}

function turn(by) {
  const all = [...panel.querySelectorAll("figure[data-picture]")];
  if (all.length > 0) { show((all.findIndex((one) => !one.hidden) + by + all.length) % all.length); }
}

function stop() {
  clearInterval(playing);
  playing = null;
  const button = document.getElementById("play");
  if (button) { button.setAttribute("aria-pressed", "false"); button.textContent = "Play"; }
}

function play() {
  const button = document.getElementById("play");
  if (!button) { return; }
  if (playing !== null) { stop(); return; }
  playing = setInterval(() => turn(1), 450);
  button.setAttribute("aria-pressed", "true");
  button.textContent = "Stop";
}

function boxes() {
  const button = document.getElementById("boxes");
  if (button) { button.setAttribute("aria-pressed", String(!panel.classList.toggle("plain"))); }
}

async function send(form) {
  const body = new URLSearchParams(new FormData(form));
  const address = new URL(form.action);
  address.searchParams.set("panel", "true");
  put(panel, await fetched(address, { method: "POST", body }));
  const told = panel.querySelector("[role=alert]:not([hidden])") || panel.querySelector("article");
  told.setAttribute("tabindex", "-1");
  told.focus();
  if (list) { await renewList(false); }
}

if (panel) {
  const first = panel.querySelector("article");
  if (first) { chosen = first.dataset.alarm; }
  panel.addEventListener("submit", (event) => { event.preventDefault(); send(event.target); });
  panel.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) { return; }
    if (button.dataset.show) { stop(); show(Number(button.dataset.show)); }
    if (button.id === "play") { play(); }
    if (button.id === "boxes") { boxes(); }
    if ("reload" in button.dataset) { choose(chosen); }
  });
}

if (list) {
  list.addEventListener("click", (event) => {
    const row = event.target.closest("a.alarm");
    if (row && wide.matches && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      row.focus();
      choose(row.dataset.alarm);
    }
  });
}

// ---- live

function live() {
  const word = document.getElementById("live");
  const source = new EventSource("/live");
  const say = (text, on) => { if (word && word.textContent !== text) { word.textContent = text; word.classList.toggle("on", on); } };
  source.addEventListener("ready", () => { say("live", true); if (list) { renewList(false); } });
  source.addEventListener("changed", (event) => {
    const ids = JSON.parse(event.data);
    if (list) { renewList(true); }
    if (chosen && ids.includes(chosen)) { changed(); }
  });
  source.addEventListener("over", () => { source.close(); location.assign("/sign-in"); });
  source.onerror = () => say("not live: trying again", false);
}

async function changed() {
  const article = panel.querySelector("article");
  if (!article) { return; }
  const html = await fetched(`/alarms/${chosen}/panel`);
  const newer = new DOMParser().parseFromString(html, "text/html").querySelector("article");
  if (!newer || newer.innerHTML === article.innerHTML) { return; }
  if (newer.dataset.actions === article.dataset.actions && newer.querySelectorAll("figure").length === article.querySelectorAll("figure").length && newer.querySelector(".state")?.textContent === article.querySelector(".state")?.textContent && newer.querySelector("h2").textContent === article.querySelector("h2").textContent) { return; }
  if (typing()) { document.getElementById("changed").hidden = false; } else { stop(); put(panel, html); }
}

if (list || (panel && chosen)) { live(); }

// ---- keys

const help = document.getElementById("help");
document.getElementById("help-open")?.addEventListener("click", () => help.showModal());

function press(key) {
  const button = panel?.querySelector(`[data-key="${key}"]`);
  if (button) { button.click(); return true; }
  const field = panel?.querySelector(`[data-focus="${key}"]`);
  if (field) { field.focus(); return true; }
  const choice = panel?.querySelector(`[data-choose="${key}"]`);
  if (choice) { choice.checked = true; choice.focus(); return true; }
  return false;
}

document.addEventListener("keydown", (event) => {
  if (!panel || event.ctrlKey || event.metaKey || event.altKey || help.open) { return; }
  const at = event.target;
  if (event.key === "Escape") { at.blur(); return; }
  if (at.matches("textarea, select, input:not([type=radio])")) { return; }
  const does = {
    j: () => step(1), k: () => step(-1), "[": () => { stop(); turn(-1); }, "]": () => { stop(); turn(1); },
    b: boxes, "?": () => help.showModal(), "/": () => document.querySelector("#filters select")?.focus(),
    s: () => panel.querySelector("#steps button")?.focus(),
  };
  if (event.key === " " && !at.matches("button, a, input")) { play(); event.preventDefault(); return; }
  if (event.key === " " && at.matches("a.alarm")) { play(); event.preventDefault(); return; }
  if (event.key in does) { does[event.key](); event.preventDefault(); } else if (press(event.key)) { event.preventDefault(); }
});
