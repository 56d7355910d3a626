// Lists the operations of the OpenAPI document, each with a form to try it. Everything from the document and from answers is text.

const operations = document.getElementById("operations");
const token = document.getElementById("token");
const search = document.getElementById("search");

function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

function resolve(description, schema) {
  const name = schema?.$ref?.split("/").pop();
  return name ? description.components.schemas[name] : schema;
}

// An example of a body: the members that must be there.
function example(description, schema, depth = 0) {
  const known = resolve(description, schema) ?? {};
  if (known.enum) return known.enum[0];
  if (known.oneOf) return depth > 4 ? null : example(description, known.oneOf.find((one) => one.type !== "null") ?? known.oneOf[0], depth + 1);
  switch (Array.isArray(known.type) ? known.type[0] : known.type) {
    case "object": {
      const required = new Set(known.required ?? []);
      const members = Object.entries(known.properties ?? {}).filter(([name]) => required.has(name));
      return Object.fromEntries(members.map(([name, member]) => [name, depth > 4 ? null : example(description, member, depth + 1)]));
    }
    case "array": return [];
    case "integer": return known.minimum ?? 0;
    case "boolean": return false;
    default: return "";
  }
}

function field(id, parameter) {
  const label = `${parameter.name} (${parameter.in}${parameter.required ? ", required" : ""})`;
  const input = element("input", { id, required: Boolean(parameter.required), autocomplete: "off", spellcheck: false });
  input.dataset.name = parameter.name;
  input.dataset.in = parameter.in;
  return [element("label", { htmlFor: id, textContent: label }), input];
}

function requestOf(form, method, path) {
  const headers = {};
  const query = new URLSearchParams();
  let target = path;
  for (const input of form.querySelectorAll("input")) {
    if (input.value === "") continue;
    if (input.dataset.in === "path") target = target.replace(`{${input.dataset.name}}`, encodeURIComponent(input.value));
    if (input.dataset.in === "query") query.append(input.dataset.name, input.value);
    if (input.dataset.in === "header") headers[input.dataset.name] = input.value;
  }
  if (token.value !== "") headers.Authorization = `Bearer ${token.value}`;
  const body = form.querySelector("textarea")?.value || undefined;
  if (body) headers["Content-Type"] = "application/json";
  if (query.size > 0) target += `?${query}`;
  return [target, { method: method.toUpperCase(), headers, body, credentials: token.value === "" ? "same-origin" : "omit", redirect: "error" }];
}

async function send(form, method, path, output) {
  output.textContent = "Waiting for the answer…";
  try {
    const response = await fetch(...requestOf(form, method, path));
    const text = await response.text();
    const shown = ["etag", "location", "x-request-id"].map((name) => [name, response.headers.get(name)]).filter(([, value]) => value);
    const head = [`${response.status} ${response.statusText}`, ...shown.map(([name, value]) => `${name}: ${value}`)].join("\n");
    let body = text;
    try { body = JSON.stringify(JSON.parse(text), null, 2); } catch { /* It is no JSON. */ }
    output.textContent = `${head}\n\n${body}`;
  } catch (error) {
    output.textContent = `There was no answer: ${error.message}`;
  }
}

function show(description, path, method, operation) {
  const id = operation.operationId;
  const form = element("form", { id: `form-${id}` });
  (operation.parameters ?? []).forEach((parameter, at) => form.append(...field(`${id}-${at}`, parameter)));
  const schema = operation.requestBody?.content?.["application/json"]?.schema;
  if (schema) {
    const text = element("textarea", { id: `${id}-body`, spellcheck: false, value: JSON.stringify(example(description, schema), null, 2) });
    form.append(element("label", { htmlFor: `${id}-body`, textContent: "Body (JSON)" }), text);
  }
  const output = element("pre", { textContent: "The answer comes here.", tabIndex: 0 });
  output.setAttribute("role", "status");
  form.append(element("button", { type: "submit", textContent: `Send ${method.toUpperCase()}` }), output);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send(form, method, path, output);
  });
  const summary = element("summary", {}, element("b", { textContent: method.toUpperCase() }), element("code", { textContent: path }), element("span", { textContent: operation.summary ?? id }));
  const made = element("details", { id: `operation-${id}` }, summary, element("p", { textContent: operation.description ?? "" }), form);
  made.dataset.words = `${method} ${path} ${operation.summary ?? ""} ${id}`.toLowerCase();
  return made;
}

function showAll(description) {
  const groups = new Map();
  for (const [path, item] of Object.entries(description.paths)) {
    for (const method of ["get", "post", "put", "patch", "delete"]) {
      if (!item[method]) continue;
      const group = item[method].tags?.[0] ?? "Other";
      if (!groups.has(group)) groups.set(group, []);
      groups.get(group).push(show(description, path, method, item[method]));
    }
  }
  const sections = [...groups].map(([name, made]) => element("section", {}, element("h2", { textContent: name }), ...made));
  operations.replaceChildren(...sections);
}

search.addEventListener("input", () => {
  const words = search.value.toLowerCase();
  for (const made of operations.querySelectorAll("details")) made.hidden = !made.dataset.words.includes(words);
});

try {
  const response = await fetch("/admin/v1/openapi.json", { redirect: "error" });
  showAll(await response.json());
} catch (error) {
  operations.replaceChildren(element("p", { textContent: `The document could not be loaded: ${error.message}` }));
}
