// A page opened beside its kernel that gives up waiting for its three widgets in the moment in which they come: the kernel's
// messages wait until all three are looked for, and the last look's pause until they are there.
{
  const LOOK_MS = 100, PATIENCE_MS = 2000;
  const { setTimeout: wait, WebSocket: Socket } = window;
  const { createObjectURL } = URL;
  const messages = [], pauses = [];
  let isHeard = false, areThere = false, timer = 0;
  window.nbtrackLost = new Set();

  const saying = (words) => [...document.querySelectorAll(".jp-OutputArea-output")].filter((place) => place.textContent === words);

  window.WebSocket = class extends Socket {
    set onmessage(take) {
      super.onmessage = (event) => { if (isHeard) take?.call(this, event); else messages.push(() => take?.call(this, event)); };
    }
  };

  window.setTimeout = (call, pause, ...more) => wait(() => {
    if (areThere || pause !== LOOK_MS) call(...more);
    else pauses.push(() => call(...more));
  }, pause);

  // Every widget of ours has its code loaded so, as soon as it is there.
  URL.createObjectURL = (blob) => {
    clearTimeout(timer);
    if (isHeard) timer = wait(() => {
      areThere = true;
      pauses.splice(0).forEach((go) => go());
    }, PATIENCE_MS + LOOK_MS);
    return createObjectURL.call(URL, blob);
  };

  new MutationObserver(() => {
    saying("Error displaying widget: model not found").forEach((place) => window.nbtrackLost.add(place));
    if (!isHeard && saying("Loading widget...").length === 3) wait(() => {
      isHeard = true;
      messages.splice(0).forEach((go) => go());
    }, LOOK_MS);
  }).observe(document, { childList: true, subtree: true });
}
