"use strict";

// The reader's choice of a theme stands over that of the system, and is kept where storage is.
function themes() {
  const root = document.documentElement;
  const button = document.getElementById("theme");
  const system = matchMedia("(prefers-color-scheme: dark)");
  const key = "relaxgap-theme";
  const kept = () => {
    try { return localStorage.getItem(key); } catch { return null; }
  };
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
  const show = () => {
    button.setAttribute("aria-pressed", String(isDark()));
  };
  if (kept() === "dark" || kept() === "light") root.dataset.theme = kept();
  button.hidden = false;
  button.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    try { localStorage.setItem(key, root.dataset.theme); } catch { /* a page of a file may have none */ }
    show();
  });
  system.addEventListener("change", show);
  show();
}

function sortableTables() {
  const key = (row, place) => {
    const cell = row.cells[place];
    return cell.dataset.key ?? cell.textContent.trim();
  };
  const compare = (one, other) => {
    // what is missing is last, whichever way
    if (one === "" || other === "") return (one === "") - (other === "");
    const [a, b] = [Number(one), Number(other)];
    return Number.isNaN(a) || Number.isNaN(b) ? one.localeCompare(other, "en", { numeric: true }) : a - b;
  };
  for (const table of document.querySelectorAll("table.sortable")) {
    const head = [...table.tHead.rows[0].cells];
    const body = table.tBodies[0];
    head.forEach((cell, place) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...cell.childNodes);
      cell.append(button);
      button.addEventListener("click", () => {
        const downwards = cell.getAttribute("aria-sort") === "ascending";
        for (const other of head) other.removeAttribute("aria-sort");
        cell.setAttribute("aria-sort", downwards ? "descending" : "ascending");
        const rows = [...body.rows].map((row) => [key(row, place), row]);
        rows.sort(([one], [other]) => {
          const order = compare(one, other);
          return downwards && one !== "" && other !== "" ? -order : order;
        });
        body.append(...rows.map(([, row]) => row));
      });
    });
  }
}

// The values of the marks of a figure, under a pointer or by arrow keys.
function readings() {
  const box = document.getElementById("reading");
  const spoken = document.getElementById("spoken");
  const near = 24;
  let ring = null;

  const hide = () => {
    box.hidden = true;
    ring?.remove();
    ring = null;
  };
  const words = (mark) => {
    const value = (label, text) => (label ? `${label}: ${text}` : text);
    return [mark.panel, mark.name, value(mark.xLabel, mark.x), value(mark.yLabel, mark.y)].filter(Boolean);
  };
  const show = (svg, mark) => {
    hide();
    ring = document.createElementNS("http://www.w3.org/2000/svg", "circle");
    ring.setAttribute("class", "mark");
    ring.setAttribute("cx", mark.left);
    ring.setAttribute("cy", mark.top);
    ring.setAttribute("r", 5);
    svg.append(ring);
    box.textContent = words(mark).join("\n");
    box.style.borderLeft = `5px solid ${mark.colour}`;
    box.hidden = false;
    const at = new DOMPoint(mark.left, mark.top).matrixTransform(svg.getScreenCTM());
    const { width, height } = box.getBoundingClientRect();
    const left = at.x + 14 + width > innerWidth ? at.x - 14 - width : at.x + 14;
    const top = at.y - 10 - height < 0 ? at.y + 14 : at.y - 10 - height;
    box.style.left = `${Math.max(4, left)}px`;
    box.style.top = `${top}px`;
  };

  for (const script of document.querySelectorAll("script.readings")) {
    const plot = script.previousElementSibling;
    const svg = plot.querySelector("svg");
    let series = null;
    let at = null;
    const open = () => {
      // read when first asked for: there are thousands of marks on the page
      series ??= JSON.parse(script.textContent).flatMap(([panel, xLabel, yLabel, lines]) =>
        lines.map(([name, colour, marks]) => marks.map(([left, top, x, y]) =>
          ({ panel, xLabel, yLabel, name, colour, left, top, x, y }))));
      return series;
    };
    const point = (event) => {
      const place = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
      let best = null;
      let least = near;
      open().forEach((marks, line) => marks.forEach((mark, number) => {
        const distance = Math.hypot(mark.left - place.x, mark.top - place.y);
        if (distance < least) [best, least] = [[line, number], distance];
      }));
      if (best === null) hide();
      else {
        at = best;
        show(svg, open()[at[0]][at[1]]);
      }
    };
    plot.addEventListener("pointermove", point);
    plot.addEventListener("click", point);
    plot.addEventListener("pointerleave", (event) => {
      if (event.pointerType === "mouse") hide();
    });
    plot.addEventListener("blur", hide);
    plot.addEventListener("scroll", hide);
    plot.addEventListener("keydown", (event) => {
      if (event.key === "Escape") hide();
      const along = { ArrowRight: 1, ArrowLeft: -1 }[event.key] ?? 0;
      const across = { ArrowDown: 1, ArrowUp: -1 }[event.key] ?? 0;
      if ((!along && !across) || event.ctrlKey || event.altKey || event.metaKey) return;
      event.preventDefault();
      const all = open();
      if (at === null) at = [0, 0];
      else {
        const line = (at[0] + across + all.length) % all.length;
        const last = all[line].length - 1;
        at = [line, Math.min(last, Math.max(0, at[1] + along))];
      }
      const mark = all[at[0]][at[1]];
      reveal(plot, svg, mark);
      show(svg, mark);
      spoken.textContent = words(mark).join(", ");
    });
  }
  addEventListener("scroll", hide, { passive: true });
  addEventListener("keydown", (event) => {
    if (event.key === "Escape") hide();
  });
}

// A figure wider than its box scrolls to the mark that is read.
function reveal(plot, svg, mark) {
  const at = new DOMPoint(mark.left, mark.top).matrixTransform(svg.getScreenCTM());
  const box = plot.getBoundingClientRect();
  if (at.x < box.left + 20 || at.x > box.right - 20) plot.scrollLeft += at.x - (box.left + box.right) / 2;
}

// A figure with logarithmic axes was drawn with linear ones too.
function scales() {
  for (const button of document.querySelectorAll("button.scale")) {
    const [logarithmic, linear] = button.parentElement.querySelectorAll(".plot");
    button.hidden = false;
    button.addEventListener("click", () => {
      logarithmic.hidden = !logarithmic.hidden;
      linear.hidden = !logarithmic.hidden;
      button.setAttribute("aria-pressed", String(logarithmic.hidden));
    });
  }
}

function navigation() {
  const folded = document.querySelector("nav details");
  const wide = matchMedia("(min-width: 64rem)");
  const fit = () => { folded.open = wide.matches; };
  wide.addEventListener("change", fit);
  fit();
  folded.addEventListener("click", (event) => {
    if (event.target.closest("a") && !wide.matches) folded.open = false;
  });
  const links = new Map();
  for (const link of document.querySelectorAll("nav a")) links.set(link.hash.slice(1), link);
  let current = null;
  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries.filter((each) => each.isIntersecting)) {
      current?.removeAttribute("aria-current");
      current = links.get(entry.target.id);
      current?.setAttribute("aria-current", "true");
    }
  }, { rootMargin: "-15% 0px -80% 0px" });
  for (const section of document.querySelectorAll(".experiment, #claims, #findings, #missing")) seen.observe(section);
}

themes();
sortableTables();
readings();
scales();
navigation();
