"use strict";
document.documentElement.classList.add("js");

const byId = (id) => document.getElementById(id);

/* The upload form: files by drag and drop, sent one by one so that each has its own outcome. */

function handIn(form) {
  const chosen = new Map();
  const list = byId("chosen"), input = byId("files"), drop = byId("drop"), details = byId("grades");
  const most = Number(form.dataset.maxFileBytes);

  const grades = () => form.elements.grade_scale.value.split(",").map((g) => g.trim()).filter(Boolean);

  function add(files) {
    for (const file of files) chosen.set(file.name, { file, grade: chosen.get(file.name)?.grade ?? "" });
    input.required = chosen.size === 0;
    show();
  }

  function show() {
    list.replaceChildren(...[...chosen].map(([name, entry]) => {
      const item = document.createElement("li");
      const label = Object.assign(document.createElement("bdi"), { className: "name", textContent: name, title: name });
      const size = Object.assign(document.createElement("span"), { className: "quiet", textContent: inWords(entry.file.size) });
      if (entry.file.size > most || entry.file.size === 0) {
        size.className = "refused";
        size.textContent = entry.file.size ? "too large, left out" : "empty, left out";
      }
      const remove = Object.assign(document.createElement("button"), { type: "button", textContent: "×" });
      remove.setAttribute("aria-label", `Leave out ${name}`);
      remove.addEventListener("click", () => { chosen.delete(name); add([]); });
      item.append(label, size, gradeOf(entry, name), remove);
      return item;
    }));
    byId("grade-hint").hidden = chosen.size > 0 && details.open;
  }

  function gradeOf(entry, name) {
    const select = document.createElement("select");
    select.setAttribute("aria-label", `Known grade of ${name}`);
    select.hidden = !details.open;
    select.append(new Option("no grade", ""), ...grades().map((g) => new Option(g, g, false, g === entry.grade)));
    select.addEventListener("change", () => { entry.grade = select.value; });
    return select;
  }

  input.addEventListener("change", () => add(input.files));
  details.addEventListener("toggle", show);
  form.elements.grade_scale.addEventListener("change", show);
  for (const kind of ["dragenter", "dragover"]) {
    drop.addEventListener(kind, (event) => { event.preventDefault(); drop.classList.add("over"); });
  }
  for (const kind of ["dragleave", "drop"]) drop.addEventListener(kind, () => drop.classList.remove("over"));
  drop.addEventListener("drop", (event) => { event.preventDefault(); add(event.dataTransfer.files); });

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const entries = [...chosen.values()].filter(({ file }) => file.size > 0 && file.size <= most);
    const button = byId("submit");
    button.disabled = true;
    byId("form-problem").hidden = true;
    try {
      if (entries.length === 0) throw new Error("Choose the essays of the class first.");
      const batch = await create(form, entries);
      await upload(batch.batch_id, entries.map(({ file }) => file), form.elements.form_id.value);
      location.assign(`/batches/${batch.batch_id}`);
    } catch (error) {
      byId("form-problem").textContent = error.message;
      byId("form-problem").hidden = false;
      byId("form-problem").scrollIntoView({ block: "center" });
      byId("uploading").hidden = true;
      byId("upload-message").textContent = "";
      form.elements.form_id.value = crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`;
      button.disabled = false;
    }
  });
}

function inWords(bytes) {
  return bytes < 1e6 ? `${Math.max(1, Math.round(bytes / 1e3))} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

async function create(form, entries) {
  const anchors = byId("grades").open
    ? entries.filter((entry) => entry.grade).map((entry) => ({ file: entry.file.name, grade: entry.grade }))
    : [];
  const body = {
    name: form.elements.name.value,
    language: form.elements.language.value,
    essay_count: entries.length,
    judge: form.elements.judge.value,
    assignment: form.elements.assignment.value || null,
    rubric: form.elements.rubric.value || null,
    glossary: form.elements.glossary.value.split("\n").map((line) => line.trim()).filter(Boolean),
    anchors: anchors.length ? anchors : null,
    grade_scale: anchors.length ? form.elements.grade_scale.value.split(",").map((g) => g.trim()).filter(Boolean) : null,
  };
  return send("/v1/batches", JSON.stringify(body), form.elements.form_id.value, "application/json");
}

async function upload(batchId, files, token) {
  const bar = byId("uploading"), message = byId("upload-message");
  const total = files.reduce((sum, file) => sum + file.size, 0);
  let sent = 0;
  bar.hidden = false;
  for (const [index, file] of files.entries()) {
    message.textContent = `Sending ${index + 1} of ${files.length}`;
    const body = new FormData();
    body.append("files", file);
    await send(`/v1/batches/${batchId}/essays`, body, `${token} ${index} ${file.size}`, null, (loaded) => {
      bar.value = (sent + Math.min(loaded, file.size)) / total;
    });
    sent += file.size;
    bar.value = sent / total;
  }
}

/* Sends again what got no answer: the key makes a repeat harmless. */
async function send(path, body, key, type, onProgress = () => {}) {
  for (let attempt = 1; ; attempt += 1) {
    const answer = await post(path, body, key, type, onProgress);
    if (answer.status >= 200 && answer.status < 300) return JSON.parse(answer.text);
    const again = answer.status === 0 || answer.status === 503 || answer.status === 409;
    if (!again || attempt === 4) throw new Error(reason(answer));
    await new Promise((resolve) => setTimeout(resolve, 1000 * attempt));
  }
}

function post(path, body, key, type, onProgress) {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    request.open("POST", path);
    request.setRequestHeader("Idempotency-Key", key);
    if (type) request.setRequestHeader("Content-Type", type);
    request.upload.addEventListener("progress", (event) => onProgress(event.loaded));
    request.addEventListener("loadend", () => resolve({ status: request.status, text: request.responseText }));
    request.send(body);
  });
}

function reason(answer) {
  try {
    return JSON.parse(answer.text).detail;
  } catch {
    return "The server did not answer. Nothing is lost; try again.";
  }
}

/* The progress page, live. */

function follow(section) {
  const source = new EventSource(section.dataset.events);
  source.addEventListener("progress", (event) => showProgress(section, JSON.parse(event.data)));
  source.addEventListener("end", () => { source.close(); location.reload(); });
  source.addEventListener("error", () => {
    if (source.readyState === EventSource.CLOSED) {
      byId("message").textContent = "The connection is lost. Reload the page to see how far it is.";
    }
  });
  addEventListener("pagehide", () => source.close());
}

function showProgress(section, batch) {
  byId("message").textContent = batch.message;
  const essays = {
    name: "essays", done: batch.essays_received, total: batch.essays_expected, detail: "",
    status: batch.essays_received >= batch.essays_expected ? "done" : "running",
  };
  if (batch.status !== "awaiting_essays") essays.status = "done";
  for (const phase of [essays, ...batch.phases]) {
    const row = section.querySelector(`[data-phase="${CSS.escape(phase.name)}"]`);
    if (!row) continue;
    row.className = `phase ${phase.status}`;
    row.querySelector(".count").textContent =
      phase.status !== "waiting" && phase.total ? `${phase.done} of ${phase.total}` : "";
    const bar = row.querySelector("progress");
    bar.max = phase.total || 1;
    bar.value = phase.status === "done" && !phase.total ? 1 : phase.done;
    row.querySelector(".detail").textContent = phase.detail ?? "";
  }
  byId("people").hidden = !batch.waiting_for_people;
  byId("at-work").hidden = batch.status !== "running";
  byId("pause").hidden = batch.paused;
  byId("resume").hidden = !batch.paused;
  const notices = byId("notices");
  notices.hidden = batch.notices.length === 0;
  notices.querySelector("ul").replaceChildren(...batch.notices.map(({ file, reason }) => {
    const item = document.createElement("li");
    const name = Object.assign(document.createElement("bdi"), { className: "file", textContent: file });
    item.append(name, ` ${reason}`);
    return item;
  }));
}

/* The comparing page, by keyboard. */

function compareByKeyboard(form) {
  const words = {
    Digit1: "first", Numpad1: "first", ArrowLeft: "first", Digit2: "second", Numpad2: "second", ArrowRight: "second",
  };
  addEventListener("keydown", (event) => {
    if (event.repeat || event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, textarea")) return;
    const winner = words[event.code];
    const verdict = event.key === "=" ? "tie" : winner && `${winner}-${event.shiftKey ? 2 : 1}`;
    if (!verdict) return;
    event.preventDefault();
    form.requestSubmit(form.querySelector(`[value="${verdict}"]`));
  });
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "yes";
    setTimeout(() => { for (const button of form.querySelectorAll("button")) button.disabled = true; });
  });
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
}

/* What the batch is waiting for: asked now and then, for it changes with the services. */

function showWaiting(section) {
  setInterval(async () => {
    const answer = await fetch(section.dataset.source).catch(() => null);
    if (!answer?.ok) return;
    const waiting = await answer.json();
    section.querySelector(".sentence").textContent = waiting.sentence;
    section.querySelector(".advice").textContent = waiting.advice ?? "";
    section.querySelector("ul").replaceChildren(...waiting.troubles.map(({ what, advice }) =>
      Object.assign(document.createElement("li"), { textContent: `${what}. ${advice}` })));
  }, 5000);
}

if (byId("compare")) compareByKeyboard(byId("compare"));
if (byId("waiting")) showWaiting(byId("waiting"));
if (byId("hand-in-form")) handIn(byId("hand-in-form"));
if (byId("progress")) follow(byId("progress"));
