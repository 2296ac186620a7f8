const button = document.getElementById("ob-print");
if (button) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}
const contents = document.getElementById("ob-contents");
if (contents && window.matchMedia("(max-width: 60rem)").matches) contents.open = false;
// What a spot of a chart says, beside the pointer or the finger; without a script the browser
// shows its <title>.
const tip = document.createElement("div");
tip.className = "pg-tip";
tip.hidden = true;
tip.setAttribute("aria-hidden", "true");
document.body.append(tip);
function point(event) {
  const spot = event.target instanceof Element && event.target.closest(".ob-tips > *");
  tip.hidden = !spot;
  if (!spot) return;
  const title = spot.querySelector("title");
  if (title) {
    spot.dataset.said = title.textContent;
    title.remove();
  }
  tip.textContent = spot.dataset.said;
  const edge = document.documentElement.clientWidth - tip.offsetWidth - 8;
  const above = event.clientY - tip.offsetHeight - 14;
  tip.style.left = `${Math.max(8, Math.min(event.clientX + 14, edge))}px`;
  tip.style.top = `${above > 8 ? above : event.clientY + 18}px`;
}
for (const name of ["pointermove", "pointerdown"]) document.addEventListener(name, point);
document.addEventListener("scroll", () => (tip.hidden = true), { passive: true });
// Folds are opened for print and closed again afterwards; withheld numbers stay as they are.
let opened = [];
window.addEventListener("beforeprint", () => {
  opened = [...document.querySelectorAll("details:not([open]):not(.pg-withheld)")];
  for (const fold of opened) fold.open = true;
});
window.addEventListener("afterprint", () => {
  for (const fold of opened) fold.open = false;
});
// A link into a fold opens it.
function reveal() {
  const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  for (let fold = target && target.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
  if (target) target.scrollIntoView();
}
window.addEventListener("hashchange", reveal);
if (location.hash) reveal();
