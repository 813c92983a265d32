// What pages do beyond links and forms. The server renders every view; here the same page is fetched again, and only
// what changed is taken over, so that focus, selection, scrolling and open details stay as they are.

const INTERVAL = 15_000;
const TOKEN = "pushgateway_token";
const PAUSED = "pushgateway_paused";

const $ = (selector, within = document) => within.querySelector(selector);
const root = new URL(document.body.dataset.root, location.href);
const main = $("#main");

// Taking over what changed

function take(old, now) {
  if (old.isEqualNode(now)) return;
  if (old.nodeName !== now.nodeName || old.id !== now.id) return old.replaceWith(now);
  if (old.nodeType !== Node.ELEMENT_NODE) return void (old.data = now.data);
  for (const { name } of [...old.attributes]) {
    if (!now.hasAttribute(name) && name !== "open") old.removeAttribute(name);
  }
  for (const { name, value } of now.attributes) {
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  if (old.matches("input, select")) return takeField(old, now);
  takeChildren(old, now);
}

// What somebody is typing into stays as it is.
function takeField(old, now) {
  if (old.tagName === "SELECT") takeChildren(old, now);
  if (old === document.activeElement) return;
  if (old.type === "checkbox") old.checked = now.checked;
  else old.value = now.value;
}

// Children with an id are found again wherever they are; others are paired in order.
function takeChildren(old, now) {
  const known = new Map([...old.children].filter((child) => child.id).map((child) => [child.id, child]));
  let at = old.firstChild;
  for (const child of [...now.childNodes]) {
    const same = child.id && known.get(child.id);
    if (same && same !== at) old.insertBefore(same, at);
    else if (!at || (!same && (at.id || child.id))) {
      old.insertBefore(child, at);
      continue;
    } else at = at.nextSibling;
    take(same || (at ? at.previousSibling : old.lastChild), child);
  }
  while (at) {
    const gone = at;
    at = at.nextSibling;
    gone.remove();
  }
}

// Showing a view

let loading;

async function show(url, { keep = "push", quiet = false } = {}) {
  loading?.abort();
  const mine = (loading = new AbortController());
  try {
    const answer = await fetch(url, { signal: mine.signal, headers: { Accept: "text/html" } });
    const text = await answer.text();
    if (!answer.headers.get("content-type")?.startsWith("text/html")) throw new Error(text.trim() || answer.statusText);
    const page = new DOMParser().parseFromString(text, "text/html");
    // A selection is somebody's: what it is in is not touched by what nobody asked for.
    if (quiet && (mine.signal.aborted || !getSelection().isCollapsed)) return;
    if (keep === "push") history.pushState(null, "", url);
    else if (keep === "replace") history.replaceState(null, "", url);
    take(main, page.getElementById("main"));
    document.title = page.title;
    prepare();
    told("");
  } catch (error) {
    if (error.name === "AbortError") return;
    if (quiet) told(error.message);
    else note(`Cannot show this: ${error.message}`);
  } finally {
    if (loading === mine) loading = null;
  }
}

function told(error) {
  const place = $("#updated");
  if (!place) return;
  place.textContent = error ? "Refresh failed" : new Date().toLocaleTimeString();
  place.title = error;
  place.classList.toggle("bad", Boolean(error));
}

// What only a browser knows: its time zone, and how it got here.
function prepare() {
  for (const time of document.querySelectorAll("time")) {
    time.title = new Date(time.dateTime).toLocaleString(undefined, { dateStyle: "full", timeStyle: "long" });
  }
  for (const origin of document.querySelectorAll(".origin")) origin.textContent = root.href;
}

function note(text) {
  const note = document.createElement("p");
  note.className = "note";
  note.textContent = text;
  $("#notes").append(note);
  setTimeout(() => note.remove(), 8_000);
}

// Changing things

function ask(dialog) {
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((done) => dialog.addEventListener("close", () => done(dialog.returnValue === "yes"), { once: true }));
}

// Sends a change, with a token where one is needed.
async function send(path) {
  for (;;) {
    const token = sessionStorage.getItem(TOKEN);
    const headers = token ? { Authorization: `Bearer ${token}` } : {};
    const answer = await fetch(new URL(path, root), { method: "DELETE", headers });
    const text = await answer.text();
    if (answer.ok) return text;
    const json = answer.headers.get("content-type") === "application/json";
    const error = (json && JSON.parse(text).error) || text.trim() || answer.statusText;
    if (answer.status !== 401 && !(answer.status === 403 && /token/.test(error))) throw new Error(error);
    sessionStorage.removeItem(TOKEN);
    const dialog = $("#token");
    const field = $("input", dialog);
    field.value = "";
    $("#token-text").textContent = token ? `This token was refused: ${error}.` : "Deleting needs a token on this gateway.";
    if (!(await ask(dialog))) throw new Error(error);
    sessionStorage.setItem(TOKEN, field.value);
    field.value = "";
  }
}

// Asks before it deletes. What goes wrong is said in the dialog, which stays open.
function confirm(title, text, names, change) {
  const dialog = $("#confirm");
  const failed = $(".error", dialog);
  const yes = $(".danger", dialog);
  $("#confirm-title").textContent = title;
  $("#confirm-text").textContent = text;
  failed.textContent = "";
  $("#confirm-list").replaceChildren(
    ...names.map((name) => {
      const item = document.createElement("li");
      item.className = "badge";
      item.textContent = name;
      return item;
    }),
  );
  yes.onclick = async (event) => {
    event.preventDefault();
    yes.disabled = true;
    failed.textContent = "";
    try {
      note(await change());
      dialog.close();
    } catch (error) {
      failed.textContent = error.message;
    } finally {
      yes.disabled = false;
    }
  };
  dialog.showModal();
}

function deleteGroup(button) {
  const { path, series } = button.dataset;
  const name = button.ariaLabel.replace("Delete group ", "");
  confirm(`Delete this group with ${Number(series).toLocaleString("en")} series?`, "This cannot be undone.", [name], async () => {
    await send(path);
    if (document.body.dataset.root === "../") location.href = root;
    else show(location.href, { keep: "none" });
    return "Group deleted";
  });
}

async function deleteFound(query) {
  const path = `api/v1/groups?${query}`;
  const amount = ({ deleted, series }) => `${deleted.toLocaleString("en")} ${deleted === 1 ? "group" : "groups"} with ${series.toLocaleString("en")} series`;
  try {
    const found = JSON.parse(await send(`${path}&dry_run=true`)).data;
    const names = found.groups.slice(0, 5).map((labels) => Object.entries(labels).map((label) => label.join("=")).join(", "));
    if (found.groups.length > 5) names.push("…");
    confirm(`Delete ${amount(found)}?`, "This cannot be undone.", names, async () => {
      const gone = JSON.parse(await send(path)).data;
      show(location.href, { keep: "none" });
      return `Deleted ${amount(gone)}`;
    });
  } catch (error) {
    note(`Nothing was deleted: ${error.message}`);
  }
}

// Reacting

document.addEventListener("click", (event) => {
  const { target } = event;
  const button = target.closest("button");
  if (button?.matches(".delete")) return deleteGroup(button);
  if (button?.id === "delete-all") return deleteFound(button.dataset.query);
  const link = target.closest("a[href]");
  const row = target.closest(".groups > tbody > tr:not(.detail)");
  const other = event.ctrlKey || event.metaKey || event.shiftKey || event.altKey;
  if (link && main.contains(link) && !other && new URL(link.href).pathname === location.pathname) {
    event.preventDefault();
    show(link.href.replace(/#.*/, ""));
  } else if (row && !link && !button && getSelection().isCollapsed) $(".toggle", row).click();
});

// The view of the form, with the groups that are open.
function filtered(form) {
  const url = new URL(location.pathname, location.href);
  for (const [name, value] of new FormData(form)) if (value) url.searchParams.append(name, value);
  for (const id of new URLSearchParams(location.search).getAll("open")) url.searchParams.append("open", id);
  return url.href;
}

let typing;

function filter(event) {
  const form = event.target.closest("#filter");
  if (!form) return;
  event.preventDefault();
  clearTimeout(typing);
  const wait = event.type === "input" && event.target.type === "search" ? 200 : 0;
  typing = setTimeout(() => show(filtered(form), { keep: "replace" }), wait);
}

document.addEventListener("input", filter);
document.addEventListener("submit", filter);
addEventListener("popstate", () => show(location.href, { keep: "none" }));
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.target.matches("input, select, textarea") || $("dialog[open]")) return;
  event.preventDefault();
  $("#search")?.focus();
});

// Refreshing

const refresh = $("#refresh");
if (refresh) {
  const draw = () => refresh.setAttribute("aria-pressed", String(!sessionStorage.getItem(PAUSED)));
  refresh.addEventListener("click", () => {
    if (sessionStorage.getItem(PAUSED)) sessionStorage.removeItem(PAUSED);
    else sessionStorage.setItem(PAUSED, "yes");
    draw();
  });
  draw();
  setInterval(() => {
    const rests = sessionStorage.getItem(PAUSED) || document.hidden || loading || $("dialog[open]");
    if (!rests) show(location.href, { keep: "none", quiet: true });
  }, INTERVAL);
}

// Colours: a cookie, so that the server knows them before the first paint

const theme = $("#theme");
const THEMES = { "": "Auto", light: "Light", dark: "Dark" };

function drawTheme() {
  const chosen = document.documentElement.dataset.theme ?? "";
  theme.textContent = `◐ ${THEMES[chosen]}`;
  theme.setAttribute("aria-label", `Colours: ${THEMES[chosen]}`);
}

theme.addEventListener("click", () => {
  const names = Object.keys(THEMES);
  const next = names[(names.indexOf(document.documentElement.dataset.theme ?? "") + 1) % names.length];
  if (next) document.documentElement.dataset.theme = next;
  else delete document.documentElement.dataset.theme;
  const age = next ? 31_536_000 : 0;
  document.cookie = `pushgateway_theme=${next}; path=${root.pathname}; max-age=${age}; samesite=strict`;
  drawTheme();
});

drawTheme();
prepare();
told("");
