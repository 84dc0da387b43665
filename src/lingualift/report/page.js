"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);

  // ---------------------------------------------------------------- figures

  const width = (view) =>
    typeof view.width === "number" ? view.width : Math.max(0, ...children(view).map(width));
  const children = (view) =>
    ["hconcat", "vconcat", "concat", "layer"].flatMap((key) => view[key] || [])
      .concat(view.spec || []);

  // On a narrow screen panels stand below one another and shrink, so that nothing scrolls sideways
  // but tables of words (usermeta.fixed).
  const narrowed = (spec, plot) => {
    const copy = structuredClone(spec);
    if (copy.columns) copy.columns = 1;
    if (copy.hconcat) {
      copy.vconcat = copy.hconcat;
      delete copy.hconcat;
    }
    const shrink = (view) => {
      if (typeof view.width === "number") view.width = Math.min(view.width, plot);
      children(view).forEach(shrink);
    };
    shrink(copy);
    return copy;
  };

  const options = {
    ast: true, // no code is made from text: the page's policy forbids it
    renderer: "svg",
    actions: { export: true, source: false, compiled: false, editor: false },
    downloadFileName: "lingualift",
    tooltip: { theme: "light" },
  };
  const MENU = 38; // pixels that vega-embed keeps for its menu
  const excess = (place) =>
    place.querySelector("svg.marks").getBoundingClientRect().width + MENU - place.clientWidth;
  const drawOne = async (place) => {
    const spec = data.figures[place.dataset.figure];
    place.replaceChildren(document.createElement("div")); // vega-embed restyles what it fills
    const inner = place.firstChild;
    await window.vegaEmbed(inner, spec, options);
    if (excess(place) <= 0 || (spec.usermeta && spec.usermeta.fixed)) return;
    let plot = width(spec);
    for (let attempt = 0; attempt < 2 && (attempt === 0 || excess(place) > 0); attempt += 1) {
      if (attempt > 0) plot = Math.max(120, plot - excess(place));
      await window.vegaEmbed(inner, narrowed(spec, plot), options);
    }
  };
  const draw = () => Promise.all([...document.querySelectorAll("[data-figure]")].map(drawOne));
  draw().then(() => document.documentElement.setAttribute("data-drawn", "true"));
  let seen = window.innerWidth;
  let waiting;
  window.addEventListener("resize", () => {
    if (window.innerWidth === seen) return;
    seen = window.innerWidth;
    clearTimeout(waiting);
    waiting = setTimeout(draw, 200);
  });

  // ---------------------------------------------------------------- sorting

  const valueOf = (row, column) => {
    const text = row.cells[column].dataset.value;
    if (text === "") return null;
    const value = Number(text);
    return Number.isNaN(value) ? text : value;
  };
  const compare = (a, b) =>
    typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b));

  for (const table of document.querySelectorAll("table.sortable")) {
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => {
      const button = head.querySelector("button");
      if (!button) return;
      button.addEventListener("click", () => {
        const body = [...table.tBodies].at(-1); // averages stay above
        const rows = [...body.rows];
        const numeric = rows.some((row) => typeof valueOf(row, column) === "number");
        const first = numeric ? "descending" : "ascending";
        const second = numeric ? "ascending" : "descending";
        const order = head.getAttribute("aria-sort") === first ? second : first;
        for (const other of heads) {
          if (other.hasAttribute("aria-sort")) other.setAttribute("aria-sort", "none");
        }
        head.setAttribute("aria-sort", order);
        rows.sort((one, two) => {
          const [a, b] = [valueOf(one, column), valueOf(two, column)];
          if (a === null || b === null) return (a === null) - (b === null); // empty ones last
          return order === "ascending" ? compare(a, b) : compare(b, a);
        });
        body.append(...rows);
      });
    });
  }

  // ---------------------------------------------------------------- answers

  const form = document.querySelector(".filter");
  const list = document.querySelector(".items");
  const count = document.querySelector(".count");
  const { benchmark, language, show } = form.elements;
  const add = (parent, tag, className, text) => {
    const element = document.createElement(tag);
    if (className) element.className = className;
    if (text !== undefined) element.textContent = text; // never markup: a model wrote it
    parent.append(element);
    return element;
  };
  const option = (select, value, text) => {
    const element = add(select, "option", "", text);
    element.value = value;
  };
  const current = () => data.answers[benchmark.value];

  const offer = () => {
    const kept = language.value;
    language.replaceChildren();
    for (const { code, name } of current().languages) option(language, code, name);
    option(language, "", "all languages");
    const foreign = current().languages.find(({ code }) => code !== "en");
    const same = [...language.options].some((entry) => entry.value === kept);
    language.value = kept && same ? kept : foreign ? foreign.code : "";
    const systems = form.querySelector(".systems");
    systems.replaceChildren();
    current().systems.forEach((title, place) => {
      const label = add(systems, "label");
      const box = add(label, "input");
      Object.assign(box, { type: "checkbox", name: "system", value: place, checked: true });
      label.append(title);
    });
  };

  const wanted = (item, chosen) => {
    if (language.value && item.language !== language.value) return false;
    const marks = chosen.map((place) => item.answers[place]).filter(Boolean).map((a) => a.right);
    if (show.value === "wrong") return marks.length > 0 && !marks.includes(true);
    if (show.value === "differ") return marks.includes(true) && marks.includes(false);
    return true;
  };

  const list_answers = () => {
    const { items, systems, shown, total, languages } = current();
    const boxes = [...form.querySelectorAll("[name=system]")];
    const chosen = boxes.filter((box) => box.checked).map((box) => Number(box.value));
    const names = Object.fromEntries(languages.map(({ code, name }) => [code, name]));
    const found = items.filter((item) => wanted(item, chosen));
    list.replaceChildren();
    for (const item of found) {
      const card = add(list, "article", "item");
      const question = add(card, "p", "question", item.question);
      question.lang = item.language;
      question.dir = "auto";
      if (item.english) add(card, "p", "english", item.english).lang = "en";
      add(card, "p", "gold", `${names[item.language]}, ${item.id}; right answer: ${item.gold}`);
      const replies = add(card, "div", "replies");
      for (const place of chosen) {
        const answer = item.answers[place];
        const reply = add(replies, "div", answer && answer.right ? "reply right" : "reply");
        const mark = answer ? (answer.right ? "✓ right" : "✗ wrong") : "not asked";
        add(reply, "b", "", `${systems[place]}: ${mark}`);
        if (answer) add(reply, "bdi", "", answer.text || "(empty)");
      }
    }
    const asked = `${shown} of ${total} questions a language, the same ones in each`;
    count.textContent = `${found.length} shown. This page holds ${asked}.`;
  };

  const tables = Object.keys(data.answers);
  if (tables.length === 0) {
    form.hidden = true;
    count.textContent = "This run has no answers.";
  } else {
    for (const name of tables) option(benchmark, name, name);
    benchmark.parentElement.hidden = tables.length === 1;
    offer();
    list_answers();
    form.addEventListener("change", (event) => {
      if (event.target === benchmark) offer();
      list_answers();
    });
    form.addEventListener("submit", (event) => event.preventDefault());
  }
})();
