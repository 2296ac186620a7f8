// Search and filters; without this script every report is listed.
const form = document.getElementById("ob-filter");
const found = document.getElementById("ob-found");
const reports = [...document.querySelectorAll(".pg-report")].map((node) => ({
  node,
  text: `${node.textContent} ${node.dataset.words}`.toLowerCase(),
  playbook: [node.dataset.playbook],
  status: [node.dataset.status],
  owner: JSON.parse(node.dataset.owner),
  metric: JSON.parse(node.dataset.metric),
}));
function show() {
  const asked = Object.fromEntries(new FormData(form));
  const sought = asked.search.toLowerCase().split(/\s+/).filter(Boolean);
  const named = ["playbook", "status", "owner", "metric"].filter((name) => asked[name]);
  let count = 0;
  for (const report of reports) {
    const fits = sought.every((word) => report.text.includes(word))
      && named.every((name) => report[name].includes(asked[name]));
    report.node.hidden = !fits;
    count += fits;
  }
  for (const cycle of document.querySelectorAll(".pg-cycle")) cycle.hidden = !cycle.querySelector(".pg-report:not([hidden])");
  found.hidden = !sought.length && !named.length;
  found.textContent = found.dataset.text.replace("%s", count);
}
if (form) {
  form.hidden = false;
  form.addEventListener("input", show);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(show));
  show();
}
