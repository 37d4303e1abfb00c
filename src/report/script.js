"use strict";
(function () {
  const table = document.querySelector("#tables table");
  if (table) {
    const body = table.tBodies[0];
    const rows = Array.from(body.rows);
    const heads = Array.from(table.tHead.rows[0].cells);
    const value = (row, column) => row.cells[column].dataset.v ?? row.cells[column].textContent;
    heads.forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = head.textContent;
      head.textContent = "";
      head.append(button);
      head.setAttribute("aria-sort", "none");
      const numeric = head.classList.contains("n");
      button.addEventListener("click", () => {
        const order = head.getAttribute("aria-sort");
        const next = order === "none" ? (numeric ? "descending" : "ascending") : order === "ascending" ? "descending" : "ascending";
        heads.forEach((other) => other.setAttribute("aria-sort", "none"));
        head.setAttribute("aria-sort", next);
        const sign = next === "ascending" ? 1 : -1;
        const compare = new Intl.Collator("en", { numeric: true }).compare;
        rows.sort((a, b) => {
          const [x, y] = [value(a, column), value(b, column)];
          return sign * (numeric ? Number(x) - Number(y) : compare(x, y));
        });
        const all = document.createDocumentFragment();
        rows.forEach((row) => all.append(row));
        body.append(all);
      });
    });
    const filter = document.querySelector(".filter");
    const input = filter.querySelector("input");
    const count = filter.querySelector("[role=status]");
    const texts = new Map(rows.map((row) => [row, row.textContent.toLowerCase()]));
    const apply = () => {
      const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      let shown = 0;
      rows.forEach((row) => {
        const fits = words.every((word) => texts.get(row).includes(word));
        row.hidden = !fits;
        shown += fits ? 1 : 0;
      });
      count.textContent = shown + " of " + rows.length + " tables";
    };
    filter.hidden = false;
    input.addEventListener("input", apply);
    apply();
  }
  addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((one) => { one.open = true; }));
})();
