const button = document.getElementById("ob-print");
if (button) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}
const contents = document.getElementById("ob-contents");
if (contents && window.matchMedia("(max-width: 60rem)").matches) contents.open = false;
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
