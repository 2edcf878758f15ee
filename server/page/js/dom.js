// Makes elements. Text is only ever set as text, so that nothing of a document can
// become markup.

// el returns an element with properties, attributes and children. A key that begins
// with "on" is a listener, "class" the class, "data" an object of data attributes; a
// value of false, null or undefined is left out. Children are nodes or text.
export function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(props)) {
    if (value === false || value === null || value === undefined) continue;
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (key === "data") Object.assign(node.dataset, value);
    else if (key === "class") node.className = value;
    else if (key === "text") node.textContent = value;
    else node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.flat().filter(c => c !== null && c !== undefined && c !== false));
  return node;
}

// byId returns the element with an identifier.
export const byId = id => document.getElementById(id);

// fill replaces the children of a node.
export function fill(node, ...children) {
  node.replaceChildren(...children.flat().filter(c => c !== null && c !== undefined && c !== false));
}

// button returns a button of type "button".
export function button(label, onclick, props = {}) {
  return el("button", { type: "button", onclick, ...props }, label);
}

// keycap returns the name of a shortcut, as a key.
export const keycap = keys => el("kbd", { text: keys });

// download hands the browser a file to save.
export function download(blob, name) {
  const url = URL.createObjectURL(blob);
  const link = el("a", { href: url, download: name, hidden: true });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 60000);
}

// plural returns a count with its noun.
export const plural = (n, one, many = one + "s") => n + " " + (n === 1 ? one : many);
