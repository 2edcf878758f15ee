"use strict";
(() => {
  const form = document.getElementById("filters");
  if (!form) return;
  form.hidden = false;
  const articles = [...document.querySelectorAll("main article")];
  const entries = new Map([...document.querySelectorAll(".list li")].map(li => [li.querySelector("a").hash, li]));
  // Items are marks and rows. Of a mention's marks the one with the label counts; of
  // rows those count that are no mention's, which have data-n.
  const items = [];
  articles.forEach((article, at) => {
    for (const el of article.querySelectorAll("[data-t]")) {
      const last = el.lastElementChild;
      const counts = el.tagName === "MARK" ? last && last.className === "label" : el.tagName === "TR" && el.dataset.n === "1";
      items.push({ el, at, type: el.dataset.t, confidence: el.dataset.c === undefined ? 100 : +el.dataset.c, counts });
    }
  });
  const least = form.querySelector("[name=least]"), shown = form.querySelector("output");
  const only = form.querySelector("[name=only]"), labels = form.querySelector("[name=labels]"), left = form.querySelector("[role=status]");
  const apply = () => {
    const types = new Set([...form.querySelectorAll("[name=type]:checked")].map(box => box.value));
    const floor = least ? +least.value : 0;
    if (shown) shown.textContent = (floor / 100).toFixed(2);
    const counts = articles.map(() => 0);
    let all = 0, kept = 0;
    for (const item of items) {
      const on = types.has(item.type) && item.confidence >= floor;
      item.el.classList.toggle("off", !on);
      if (item.counts) { all++; if (on) { kept++; counts[item.at]++; } }
    }
    let hidden = 0;
    articles.forEach((article, at) => {
      const off = only.checked && counts[at] === 0;
      hidden += off;
      article.classList.toggle("off", off);
      const entry = entries.get("#" + article.id);
      if (entry) entry.classList.toggle("off", off);
    });
    left.textContent = kept + " of " + all + " shown" + (hidden ? ", " + hidden + " documents hidden" : "");
    document.documentElement.classList.toggle("plain", !labels.checked);
  };
  let waiting = false;
  form.addEventListener("input", () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = false; apply(); });
  });
  form.addEventListener("reset", () => setTimeout(apply));
  form.addEventListener("submit", event => event.preventDefault());
  apply();
  const side = document.querySelector("aside details");
  if (side && matchMedia("(max-width: 68rem)").matches) side.open = false;
})();
(() => {
  // Tables of the class sortable are sorted by the column whose head is pressed.
  const compare = new Intl.Collator("en", { numeric: true }).compare;
  for (const table of document.querySelectorAll("table.sortable")) {
    const heads = [...table.querySelectorAll("thead th")];
    heads.forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "sort";
      button.textContent = head.textContent;
      head.replaceChildren(button);
      const numbers = head.classList.contains("number");
      button.addEventListener("click", () => {
        const up = head.getAttribute("aria-sort") ? head.getAttribute("aria-sort") === "descending" : !numbers;
        for (const other of heads) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", up ? "ascending" : "descending");
        const text = row => row.cells[column].textContent;
        const order = numbers ? (a, b) => (text(a) === "" ? -Infinity : +text(a)) - (text(b) === "" ? -Infinity : +text(b)) || 0 : (a, b) => compare(text(a), text(b));
        const rows = [...table.tBodies[0].rows].sort(order);
        if (!up) rows.reverse();
        table.tBodies[0].append(...rows);
      });
    });
  }
})();
