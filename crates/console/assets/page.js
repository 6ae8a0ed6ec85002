// Keeps the page up to date, shows receipts beside it, and reads the strips under the pointer or the arrow keys.
// The page works without it: rows are links, and a header asks the browser to load again.
"use strict";

const EVERY_MS = 3000;
const live = document.getElementById("live");
const dialog = document.querySelector("dialog");
let paused = false;
let timer = 0;
let failures = 0;
let cursorAt = -1;

// ---- Updates -------------------------------------------------------------------------------------------------

function say(state, text) {
  const pulse = document.querySelector(".pulse");
  pulse.className = "pulse " + state;
  if (state === "beat") { void pulse.offsetWidth; }
  document.getElementById("updated").textContent = text;
}

function later(ms) {
  clearTimeout(timer);
  if (!paused && !document.hidden) { timer = setTimeout(update, ms); }
}

async function update() {
  const query = new URLSearchParams(location.search);
  query.delete("theme");
  query.set("have", [...live.querySelectorAll("[data-part]")].map((part) => part.dataset.digest).join("."));
  const begun = performance.now();
  try {
    const response = await fetch("/api/page?" + query, { headers: { accept: "text/html" }, signal: AbortSignal.timeout(20000) });
    if (!response.ok) { throw new Error("status " + response.status); }
    const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
    exchange(fresh);
    failures = 0;
    say("beat", "Live, " + new Date().toLocaleTimeString([], { hour12: false }));
  } catch {
    failures += 1;
    if (failures > 1) { say("lost", "No answer from Jeton, trying again"); }
  }
  // A server that takes long to answer is asked less often, and so is one that does not answer.
  later(Math.max(EVERY_MS * Math.min(10, 1 + failures * failures), 4 * (performance.now() - begun)));
}

// Only parts that changed are exchanged, so a selection, an open table or the focus elsewhere survives.
function exchange(fresh) {
  const focus = document.activeElement && document.activeElement.dataset ? document.activeElement.dataset.focus : undefined;
  for (const next of fresh.querySelectorAll("[data-part]")) {
    const old = live.querySelector('[data-part="' + next.dataset.part + '"]');
    if (!old) { location.reload(); return; }
    if (old.dataset.digest === next.dataset.digest) { continue; }
    const open = [...old.querySelectorAll("details")].map((details) => details.open);
    const scrolls = [...old.querySelectorAll(".scroll")].map((box) => [box.scrollLeft, box.scrollTop]);
    old.replaceWith(next);
    [...next.querySelectorAll("details")].forEach((details, place) => { details.open = open[place] || false; });
    [...next.querySelectorAll(".scroll")].forEach((box, place) => { [box.scrollLeft, box.scrollTop] = scrolls[place] || [0, 0]; });
  }
  if (focus) {
    const again = live.querySelector('[data-focus="' + CSS.escape(focus) + '"]');
    if (again && again !== document.activeElement) { again.focus({ preventScroll: true }); }
  }
  if (cursorAt >= 0) { point(cursorAt); }
}

if (live) {
  const button = document.getElementById("pause");
  button.hidden = false;
  button.addEventListener("click", () => {
    paused = !paused;
    button.textContent = paused ? "Resume" : "Pause";
    if (paused) { clearTimeout(timer); say("idle", "Paused"); } else { update(); }
  });
  document.addEventListener("visibilitychange", () => { if (document.hidden) { clearTimeout(timer); } else if (!paused) { update(); } });
  later(EVERY_MS);
}

// ---- Receipts ------------------------------------------------------------------------------------------------

let opener; // which row to go back to: the row itself may be exchanged while the receipt is open

async function openReceipt(address) {
  const response = await fetch(address + "?part=1", { headers: { accept: "text/html" } });
  if (!response.ok) { location.href = address; return; }
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
  dialog.querySelector(".content").replaceChildren(...fresh.body.childNodes);
  if (!dialog.open) {
    opener = document.activeElement ? document.activeElement.dataset.focus : undefined;
    dialog.showModal();
  }
  dialog.scrollTop = 0;
}

document.addEventListener("click", (event) => {
  const copy = event.target.closest("button[data-copy]");
  if (copy) {
    navigator.clipboard.writeText(copy.parentElement.querySelector("pre").textContent).then(() => { copy.textContent = "Copied"; });
    return;
  }
  const row = event.target.closest("tr[data-receipt]");
  const link = event.target.closest("a");
  if (!row || !dialog || event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) { return; }
  if (link && !link.hasAttribute("data-open")) { return; }
  if (!link && String(getSelection())) { return; }
  event.preventDefault();
  openReceipt(row.dataset.receipt);
});

if (dialog) {
  dialog.addEventListener("close", () => {
    const back = opener && live.querySelector('[data-focus="' + CSS.escape(opener) + '"]');
    if (back) { back.focus({ preventScroll: true }); }
  });
  dialog.querySelector(".close").addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => { if (event.target === dialog) { dialog.close(); } });
}

// ---- Reading the strips --------------------------------------------------------------------------------------

function rows() { return live.querySelectorAll("[data-part=time] .alternative tbody tr"); }

function point(place) {
  const strips = live.querySelector(".strips");
  if (!strips) { return; }
  const all = rows();
  const plots = strips.querySelectorAll(".plot");
  const readout = document.getElementById("readout");
  strips.querySelectorAll(".cursor").forEach((cursor) => cursor.remove());
  cursorAt = Math.min(place, all.length - 1);
  if (cursorAt < 0 || !plots.length) { if (readout) { readout.textContent = ""; } return; }
  const plot = plots[0].getBoundingClientRect();
  const box = strips.getBoundingClientRect();
  const cursor = document.createElement("div");
  cursor.className = "cursor";
  cursor.style.left = (plot.left - box.left + (cursorAt + 0.45) * plot.width / all.length) + "px";
  strips.append(cursor);
  const heads = live.querySelectorAll("[data-part=time] .alternative thead th");
  readout.replaceChildren();
  [...all[cursorAt].cells].forEach((cell, column) => {
    const value = document.createElement("b");
    value.textContent = cell.textContent;
    readout.append(column ? "   " + heads[column].textContent.toLowerCase() + " " : "", value);
  });
}

if (live) {
  live.addEventListener("pointermove", (event) => {
    const plot = event.target.closest(".strips .plot");
    if (!plot) { return; }
    const box = plot.getBoundingClientRect();
    point(Math.floor((event.clientX - box.left) / box.width * rows().length));
  });
  live.addEventListener("pointerout", (event) => {
    if (event.target.closest(".strips") && !(event.relatedTarget && event.relatedTarget.closest && event.relatedTarget.closest(".strips"))) { point(-1); }
  });
  live.addEventListener("keydown", (event) => {
    if (!event.target.matches(".strips")) { return; }
    const step = { ArrowLeft: -1, ArrowRight: 1, Home: -1e6, End: 1e6 }[event.key];
    if (event.key === "Escape") { point(-1); }
    if (!step) { return; }
    event.preventDefault();
    point(Math.max(0, Math.min(rows().length - 1, (cursorAt < 0 ? rows().length : cursorAt) + step)));
  });
}
