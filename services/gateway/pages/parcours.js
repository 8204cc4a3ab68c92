// Keeps a page up to date: when an event arrives, the page is fetched again as it is after that event, and its content takes the place
// of the old one. Without this file every page says the same, at the moment it was opened.
"use strict";

(function () {
  const LULL = 400; // milliseconds: events that come together are shown together
  const MOST = 3000; // milliseconds: and they are shown even when more keep coming

  const note = document.getElementById("note");
  let timer = 0;
  let first = 0;
  let latest = null;
  let busy = false;
  let source = null;

  function say(text) {
    note.textContent = text;
    window.setTimeout(function () { if (note.textContent === text) { note.textContent = ""; } }, 4000);
  }

  function later() {
    if (!first) { first = Date.now(); }
    window.clearTimeout(timer);
    timer = window.setTimeout(refresh, Math.max(0, Math.min(LULL, first + MOST - Date.now())));
  }

  async function refresh() {
    if (busy || latest === null) { return; }
    const position = latest;
    latest = null;
    first = 0;
    busy = true;
    try {
      const answer = await fetch(window.location.href, { headers: { "Parcours-Position": position, "Accept": "text/html" } });
      if (answer.ok && !answer.redirected) {
        put(new DOMParser().parseFromString(await answer.text(), "text/html"));
      } else if (answer.status === 503) {
        latest = latest || position; // not counted yet
      }
    } catch {
      latest = latest || position; // the network is away: the stream will come back with it
    } finally {
      busy = false;
      if (latest !== null) { window.setTimeout(later, 1000); }
    }
  }

  function put(fresh) {
    const old = document.querySelector("main");
    const made = fresh.querySelector("main");
    if (!made) { return; }
    prepare(made);
    if (old.innerHTML === made.innerHTML) { return; }
    const focused = document.activeElement && old.contains(document.activeElement) ? place(document.activeElement) : null;
    old.replaceWith(document.adoptNode(made));
    const again = focused && made.querySelector(focused);
    if (again) { again.focus({ preventScroll: true }); }
    say("Mis à jour à " + new Date().toLocaleTimeString("fr-FR", { hour: "numeric", minute: "2-digit", second: "2-digit" }));
  }

  function place(element) {
    const link = element.getAttribute("href");
    return link ? 'a[href="' + CSS.escape(link) + '"]' : null;
  }

  function prepare(page) {
    page.querySelectorAll("[data-print]").forEach(function (button) {
      button.hidden = false;
      button.addEventListener("click", function () { window.print(); });
    });
    page.querySelectorAll("[data-days]").forEach(function (slider) {
      const field = page.querySelector("#" + slider.dataset.days);
      slider.hidden = false;
      slider.addEventListener("input", function () {
        const day = new Date(field.min + "T12:00:00Z");
        day.setUTCDate(day.getUTCDate() + Number(slider.value));
        field.value = day.toISOString().slice(0, 10);
        slider.setAttribute("aria-valuetext", day.toLocaleDateString("fr-FR", { day: "numeric", month: "long", year: "numeric" }));
      });
      slider.addEventListener("change", function () { slider.form.requestSubmit(); });
    });
  }

  function fill() {
    const field = document.querySelector("[data-from-address]");
    if (!field || window.location.hash.length < 2) { return; }
    field.value = window.location.hash.slice(1);
    window.history.replaceState(null, "", window.location.pathname); // the address is spent: it stays in no history
  }

  function follow() {
    const main = document.querySelector("main[data-live]");
    if (!main || !window.EventSource) { return; }
    const filter = main.dataset.live ? "&territory=" + encodeURIComponent(main.dataset.live) : "";
    source = new EventSource("/v1/stream?after=" + encodeURIComponent(main.dataset.position) + filter);
    source.addEventListener("message", function (event) {
      latest = event.lastEventId;
      later();
    });
  }

  window.addEventListener("pagehide", function () { if (source) { source.close(); } });
  window.addEventListener("pageshow", function (event) { if (event.persisted) { follow(); } });
  prepare(document);
  fill();
  follow();
})();
