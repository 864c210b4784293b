"use strict";
(() => {
  const MOST = 5000;
  const find = (id) => document.getElementById(id);
  const audio = find("audio");
  const transcript = find("transcript");

  document.querySelector(".keys").hidden = false;
  find("search").hidden = false;
  if (audio) document.body.classList.add("audible");
  else document.querySelector(".keys .sound").hidden = true;

  function reveal(element, block) {
    element.scrollIntoView({ block, behavior: "instant" });
  }

  // Going to a time: where there is audio it plays, otherwise its paragraph is shown.
  let turns = null;
  let startsOfTurns = null;
  function lastUpTo(starts, time) {
    let low = 0;
    let high = starts.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (starts[middle] <= time) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
  function show(time) {
    turns ??= [...transcript.querySelectorAll(".turn")];
    startsOfTurns ??= turns.map((turn) => Number(turn.dataset.t));
    const turn = turns[Math.max(lastUpTo(startsOfTurns, time), 0)];
    if (!turn) return;
    transcript.querySelector(".turn.chosen")?.classList.remove("chosen");
    turn.classList.add("chosen");
    reveal(turn, "start");
  }
  document.addEventListener("click", (event) => {
    const target = event.target.closest("button, span[data-t]");
    const time = Number(target?.closest("[data-t]")?.dataset.t);
    if (Number.isNaN(time) || !getSelection().isCollapsed) return;
    if (audio) {
      audio.currentTime = time;
      audio.play().catch(() => {});
    }
    if (!transcript.contains(target)) show(time);
  });

  // The word that is said now.
  if (audio) {
    let words = null;
    let starts = null;
    let here = null;
    const mark = () => {
      if (!words) {
        words = [...transcript.querySelectorAll("span[data-t]")];
        const times = new Map(words.map((word) => [word, Number(word.dataset.t)]));
        words.sort((one, two) => times.get(one) - times.get(two));
        starts = words.map((word) => times.get(word));
      }
      const word = words[lastUpTo(starts, audio.currentTime + 0.02)] ?? null;
      if (word === here) return;
      here?.classList.remove("here");
      here?.removeAttribute("aria-current");
      const isFollowed = !here || isVisible(here);
      here = word;
      if (!here) return;
      here.classList.add("here");
      here.setAttribute("aria-current", "true");
      if (isFollowed && !isVisible(here)) reveal(here, "center");
    };
    const isVisible = (element) => {
      const box = element.getBoundingClientRect();
      return box.bottom > document.querySelector("header").offsetHeight && box.top < innerHeight;
    };
    const run = () => {
      mark();
      if (!audio.paused) requestAnimationFrame(run);
    };
    audio.addEventListener("play", run);
    audio.addEventListener("seeked", mark);
    audio.addEventListener("error", () => {
      find("problem").textContent = "The audio cannot be played: it is not there, or of a kind this browser cannot play.";
      find("problem").hidden = false;
    });
  }

  // Search: all matches are found at once, and marked without a change to the page.
  const query = find("query");
  const canMark = "highlights" in CSS;
  let texts = null;
  let matches = [];
  let current = -1;
  const plain = (text) => {
    const lower = text.toLowerCase();
    return lower.length === text.length ? lower : text;
  };
  function rangeOf({ paragraph, from, to }) {
    const range = document.createRange();
    const walker = document.createTreeWalker(paragraph, NodeFilter.SHOW_TEXT);
    let position = 0;
    let hasBegun = false;
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const end = position + node.length;
      if (!hasBegun && from < end) {
        range.setStart(node, from - position);
        hasBegun = true;
      }
      if (to <= end) {
        range.setEnd(node, to - position);
        break;
      }
      position = end;
    }
    return range;
  }
  let pending = 0;
  function search() {
    clearTimeout(pending);
    pending = 0;
    texts ??= [...transcript.querySelectorAll(".turn > p")].map((paragraph) => [paragraph, plain(paragraph.textContent)]);
    const wanted = plain(query.value.trim());
    matches = [];
    current = -1;
    if (wanted) {
      for (const [paragraph, text] of texts) {
        for (let at = text.indexOf(wanted); at >= 0 && matches.length < MOST; at = text.indexOf(wanted, at + 1)) {
          matches.push({ paragraph, from: at, to: at + wanted.length });
        }
      }
    }
    if (canMark) {
      CSS.highlights.set("found", new Highlight(...matches.map(rangeOf)));
      CSS.highlights.delete("current");
    }
    tell();
  }
  function tell() {
    const most = matches.length === MOST ? "+" : "";
    const count = current < 0 ? `${matches.length}${most} found` : `${current + 1} of ${matches.length}${most}`;
    find("found").textContent = query.value.trim() ? count : "";
  }
  function step(by) {
    if (!matches.length) return;
    current = current < 0 && by < 0 ? matches.length - 1 : (current + by + matches.length) % matches.length;
    const range = rangeOf(matches[current]);
    if (canMark) {
      const highlight = new Highlight(range);
      highlight.priority = 1;
      CSS.highlights.set("current", highlight);
    }
    reveal(range.startContainer.parentElement, "center");
    tell();
  }
  query.addEventListener("input", () => {
    clearTimeout(pending);
    pending = setTimeout(search, 120);
  });
  find("search").addEventListener("submit", (event) => event.preventDefault());
  query.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing) return;
    event.preventDefault();
    if (pending) search();
    step(event.shiftKey ? -1 : 1);
  });
  find("before").addEventListener("click", () => step(-1));
  find("after").addEventListener("click", () => step(1));

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape" && event.target === query) {
      query.value = "";
      search();
      query.blur();
      return;
    }
    if (event.target.closest("input, button, audio, summary, a")) return;
    if (event.key === "/") query.focus();
    else if (audio && event.key === " ") audio.paused ? audio.play().catch(() => {}) : audio.pause();
    else if (audio && event.key === "ArrowLeft") audio.currentTime = Math.max(audio.currentTime - 5, 0);
    else if (audio && event.key === "ArrowRight") audio.currentTime += 5;
    else return;
    event.preventDefault();
  });
})();
