// Starts the page: makes the views, brings back what was kept, and asks the server
// what it offers.
import { byId } from "./dom.js";
import { State } from "./state.js";
import { Editor } from "./editor.js";
import { Runs } from "./runs.js";
import { Page } from "./page.js";
import { Store } from "./store.js";
import { TextView } from "./textview.js";
import { HeadView } from "./headview.js";
import { ListView } from "./list.js";
import { Inspector } from "./inspector.js";
import { RelationsView } from "./relationsview.js";
import { FilterView } from "./filterview.js";
import { NotesView } from "./notesview.js";
import { SpanBar } from "./spanbar.js";
import { Tip } from "./tip.js";
import { AddView } from "./addview.js";
import { CompareView } from "./compareview.js";
import { ExportView } from "./exportview.js";
import { askKey, confirm } from "./dialogs.js";
import { wireTheme } from "./theme.js";
import { wireKeys } from "./wirekeys.js";
import { offers, onKeyNeeded } from "./api.js";

const state = new State();
const page = new Page(state);
const editor = new Editor(state, text => page.say(text));
const runs = new Runs(state, text => page.say(text));
const filter = new FilterView(byId("filter"), state);
const text = new TextView(byId("text"), state, byId("unmarked"));

Object.assign(page, {
  runs, text,
  list: new ListView(byId("doc-list"), byId("run"), state, runs, page),
  head: new HeadView(byId("doc-head"), state, page, editor),
  relations: new RelationsView(byId("relations"), state, editor),
  add: new AddView(byId("view-add"), state, runs, page),
  compare: new CompareView(byId("view-compare"), state, page),
  exporter: new ExportView(byId("export"), state, page),
});
new Inspector(byId("inspector"), state, editor, filter);
new NotesView(byId("notes"), state);
new SpanBar(byId("spanbar"), state, editor, text);
new Tip(byId("tip"), state, text, filter);
wireTheme(byId("theme"));
wireKeys(state, editor, page);
page.wire();

byId("text").addEventListener("click", event => {
  const mark = event.target.closest("mark.m:not(.off)");
  if (!mark || !getSelection().isCollapsed) return;
  state.select(mark.dataset.uid, { focus: true });
  if (state.relating && state.relating !== mark.dataset.uid) editor.relate();
});

onKeyNeeded(wrong => askKey(byId("ask"), wrong));

const store = new Store({ trouble: message => page.banner(message), saved: () => page.saved() });
state.on("saved", doc => { page.saving(); store.keep(doc); });
state.on("removed", doc => store.forget(doc));
byId("clear").addEventListener("click", async () => {
  if (!await confirm(byId("ask"), "Clear all?", "All documents, results and corrections in this browser are deleted, and the API key is forgotten. This can’t be undone. Export first what you want to keep.", "Clear all")) return;
  runs.cancel();
  await store.clear();
  location.reload();
});

try {
  await store.open();
  const docs = await store.load();
  if (docs.length) {
    runs.restore(docs);
    state.restore(docs);
    page.view("review");
    page.resume();
  }
} catch (error) {
  page.banner("This browser does not keep your work (" + error.message + "): export it before you close the page.");
}
page.watchOtherTabs();

try {
  state.options = await offers();
  state.tell("options");
} catch (error) {
  page.banner(error.message, () => location.reload(), "Try again");
}
document.documentElement.dataset.ready = "true";
