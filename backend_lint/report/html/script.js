"use strict";
(() => {
  const form = document.querySelector(".filters");
  const groups = document.querySelector("#groups");
  if (!form) return;
  document.documentElement.classList.add("js");
  form.hidden = false;

  const items = [...groups.querySelectorAll(".f")].map((element) => {
    const [severity, guideline, rule, state] = element.dataset.k.split(" ");
    return { element, severity, guideline, rule, state, path: element.dataset.p, text: "", home: element.parentElement, isShown: true };
  });
  const byRule = [...groups.children];
  const byFile = new Map();
  const count = form.querySelector("output");
  const empty = document.querySelector(".empty");
  const words = new Intl.NumberFormat("en");
  const PAGE = 50; // findings of a group that are laid out until more are asked for
  const limits = new Map();
  let shown = items;

  const filters = () => {
    const data = new FormData(form);
    return {
      severity: new Set(data.getAll("severity")),
      guideline: data.get("guideline"),
      rule: data.get("rule"),
      state: data.get("state"),
      path: data.get("path").trim().toLowerCase(),
      text: data.get("text").trim().toLowerCase().split(/\s+/).filter(Boolean),
      group: data.get("group"),
    };
  };

  const textOf = (item) => (item.text ||= `${item.rule} ${item.guideline} ${item.element.textContent}`.toLowerCase());

  const passes = (item, wanted) =>
    (wanted.state === "all" || item.state === wanted.state) &&
    (!wanted.severity.size || wanted.severity.has(item.severity)) &&
    (!wanted.guideline || item.guideline === wanted.guideline) &&
    (!wanted.rule || item.rule === wanted.rule) &&
    (!wanted.path || item.path.toLowerCase().includes(wanted.path)) &&
    wanted.text.every((word) => textOf(item).includes(word));

  const apply = () => {
    const wanted = filters();
    arrange(wanted.group === "file");
    const counts = new Map();
    shown = [];
    for (const item of items) {
      const group = item.element.parentElement;
      let isShown = passes(item, wanted);
      if (isShown) {
        const number = (counts.get(group) ?? 0) + 1;
        counts.set(group, number);
        shown.push(item);
        isShown = number <= (limits.get(group) ?? PAGE);
      }
      if (isShown !== item.isShown) {
        item.element.hidden = !isShown;
        item.isShown = isShown;
      }
    }
    for (const group of groups.children) {
      const number = counts.get(group) ?? 0;
      const rest = number - Math.min(number, limits.get(group) ?? PAGE);
      if (group.hidden === !!number) group.hidden = !number;
      if (number) group.querySelector(".n").textContent = words.format(number);
      moreButton(group).hidden = !rest;
      if (rest) group.lastElementChild.textContent = `${words.format(rest)} more`;
    }
    const total = items.filter((item) => wanted.state === "all" || item.state === wanted.state).length;
    count.value = shown.length === total ? `${words.format(total)} findings` : `${words.format(shown.length)} of ${words.format(total)} findings`;
    empty.hidden = shown.length > 0;
    return wanted;
  };

  const moreButton = (group) => {
    if (group.lastElementChild.className === "more") return group.lastElementChild;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "more";
    button.addEventListener("click", () => {
      limits.set(group, (limits.get(group) ?? PAGE) + 10 * PAGE);
      apply();
    });
    group.append(button);
    return button;
  };

  /* Findings lie in the groups of their rules as they came, or in groups of their files, made when first wanted. */
  const arrange = (isByFile) => {
    const current = groups.dataset.by === "file";
    if (isByFile === current) return;
    groups.dataset.by = isByFile ? "file" : "rule";
    if (isByFile && !byFile.size) {
      for (const item of items) {
        if (byFile.has(item.path)) continue;
        const group = document.createElement("details");
        group.className = "group";
        group.open = byFile.size < 20;
        group.innerHTML = "<summary><h3></h3> <span class=n></span></summary>";
        group.querySelector("h3").textContent = item.path;
        byFile.set(item.path, group);
      }
    }
    for (const button of groups.querySelectorAll(".more")) button.remove();
    groups.replaceChildren();
    for (const item of items) (isByFile ? byFile.get(item.path) : item.home).append(item.element);
    groups.replaceChildren(...(isByFile ? byFile.values() : byRule));
  };

  /* The filters stand behind the fragment's question mark: #findings?guideline=SEC-2&severity=high */
  const write = () => {
    const data = [...new FormData(form)].filter(([name, value]) => value && !(name === "state" && value === "active"));
    const query = new URLSearchParams(data).toString();
    history.replaceState(null, "", `#findings${query ? `?${query}` : ""}`);
  };
  const read = () => {
    const [place, query] = location.hash.slice(1).split("?");
    if (query === undefined) return false;
    const wanted = new URLSearchParams(query);
    form.reset();
    for (const control of form.elements) {
      if (!control.name) continue;
      if (control.type === "checkbox") control.checked = wanted.getAll(control.name).includes(control.value);
      else if (wanted.has(control.name)) control.value = wanted.get(control.name);
    }
    document.getElementById(place)?.scrollIntoView();
    return true;
  };
  const changed = () => {
    const wanted = apply();
    if ((wanted.guideline || wanted.rule || wanted.path || wanted.text.length) && shown.length <= 200)
      for (const group of groups.children) if (!group.hidden) group.open = true;
    write();
  };
  const choose = (name, value) => {
    form.reset();
    form.elements[name].value = value;
    changed();
    document.getElementById("findings").scrollIntoView();
  };
  const setOpen = (isOpen) => {
    for (const item of shown) if (item.isShown) item.element.open = isOpen;
    if (isOpen) for (const group of groups.children) group.open = true;
  };

  /* From finding to finding by key; what is hidden is passed over. */
  const step = (by) => {
    const here = shown.findIndex((item) => item.element.contains(document.activeElement));
    const ordered = [...groups.querySelectorAll(".f:not([hidden])")];
    const at = ordered.indexOf(shown[here]?.element);
    const next = ordered[at < 0 ? 0 : Math.min(Math.max(at + by, 0), ordered.length - 1)];
    if (!next) return;
    next.parentElement.open = true;
    next.querySelector("summary").focus();
    next.scrollIntoView({ block: "nearest" });
  };

  form.addEventListener("input", changed);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(changed));
  form.addEventListener("click", (event) => {
    if (event.target.dataset.do) setOpen(event.target.dataset.do === "expand");
  });
  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-guideline], a[data-rule], [data-path]");
    if (link) {
      event.preventDefault();
      const { guideline, rule, path } = link.dataset;
      if (guideline) choose("guideline", guideline);
      else if (rule) choose("rule", rule);
      else choose("path", path);
    }
    const copied = event.target.closest(".copy");
    if (copied) navigator.clipboard?.writeText(copied.textContent).catch(() => {});
  });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.matches("input, select, textarea")) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    if (event.key === "/") form.elements.text.focus();
    else if (event.key === "j") step(1);
    else if (event.key === "k") step(-1);
    else return;
    event.preventDefault();
  });
  addEventListener("hashchange", () => read() && apply());
  let closed = [];
  addEventListener("beforeprint", () => {
    closed = [...document.querySelectorAll("details:not([open])")];
    for (const element of closed) element.open = true;
  });
  addEventListener("afterprint", () => {
    for (const element of closed) element.open = false;
  });

  /* With everything open the page is for reading on paper; here the worst is open and the rest a click away. */
  const target = document.getElementById(location.hash.slice(1));
  items.forEach((item, number) => {
    if (number >= 3 && item.element !== target) item.element.open = false;
  });
  byRule.forEach((group, number) => {
    if (number >= 8 && !group.contains(target)) group.open = false;
  });
  if (target?.matches(".f")) limits.set(target.parentElement, Infinity);
  read();
  apply();
  target?.scrollIntoView();

  /* The text of each finding is gathered while nothing else is to do, so that the first search is as quick as the next. */
  let gathered = 0;
  const gather = (idle) => {
    while (gathered < items.length && idle.timeRemaining() > 1) textOf(items[gathered++]);
    if (gathered < items.length) requestIdleCallback(gather);
  };
  globalThis.requestIdleCallback?.(gather);
})();
